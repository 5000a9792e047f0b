using Coordinator.Server.Applications;
using Coordinator.Server.Backfills;
using Coordinator.Server.Errors;
using Coordinator.Server.Health;
using Coordinator.Server.Migrations;
using Coordinator.Server.Readiness;
using Coordinator.Server.Workers;

namespace Coordinator.Server.Hosting;

/// <summary>What is served.</summary>
internal static class CoordinatorEndpoints
{
    public static void MapCoordinator(this WebApplication app)
    {
        app.UseMiddleware<TransportErrorMiddleware>();
        app.MapGrpcService<MigrationService>();
        app.MapGrpcService<ApplicationService>();
        app.MapGrpcService<WorkerService>();
        app.MapGrpcService<BackfillService>();
        app.MapGrpcService<ReadinessService>();
        app.MapGrpcService<HealthService>();
        app.MapHealthz();
        app.MapReadiness();
    }
}

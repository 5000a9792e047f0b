using Coordinator.Server;
using Coordinator.Server.Applications;
using Coordinator.Server.Backfills;
using Coordinator.Server.Errors;
using Coordinator.Server.Health;
using Coordinator.Server.Hosting;
using Coordinator.Server.Migrations;
using Coordinator.Server.Readiness;
using Coordinator.Server.Security;
using Coordinator.Server.Telemetry;
using Coordinator.Server.Watching;
using Coordinator.Server.Workers;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace Microsoft.Extensions.DependencyInjection;

/// <summary>Registers the server.</summary>
internal static class CoordinatorServiceCollectionExtensions
{
    /// <summary>Adds everything that <see cref="CoordinatorServer"/> is made of, the engine included.</summary>
    public static IServiceCollection AddCoordinatorServer(this IServiceCollection services, CoordinatorServerOptions options)
    {
        services.AddSingleton(options);
        services.TryAddSingleton(TimeProvider.System);
        services.AddSingleton(options.Timings);
        services.AddHostedService<SchemaStartup>();
        services.AddHostedService<OtlpExport>();
        services.AddHostedService<StartupNotices>();
        services.AddCoordinatorEngine(options.ConnectionString, options.Targets);
        services.AddSingleton<ServingState>();
        services.AddHostedService<DatabaseProbe>();
        services.AddSingleton<ServerTelemetry>();
        services.AddSingleton<CallerRegistry>();
        services.AddSingleton<StreamEnding>();
        services.AddHostedService(provider => provider.GetRequiredService<StreamEnding>());
        services.AddSingleton<InstanceLimits>();
        services.AddSingleton<OpenSessions>();
        services.AddSingleton<InstanceSessions>();
        services.AddSingleton<ChangeWatch>();
        services.AddSingleton<VerificationRun>();
        services.AddSingleton<MigrationTargets>();
        services.AddSingleton<BackfillListing>();
        services.AddSingleton<ReadinessQuestions>();
        services.AddSingleton<ReadinessMirror>();
        services.AddSingleton<CallFailures>();
        services.AddGrpc(grpc =>
        {
            grpc.MaxReceiveMessageSize = MessageLimits.MaxReceiveBytes;
            grpc.EnableDetailedErrors = false;
            grpc.Interceptors.Add<TelemetryInterceptor>();
            grpc.Interceptors.Add<ErrorInterceptor>();
            grpc.Interceptors.Add<AuthenticationInterceptor>();
        });
        services.AddSingleton<TelemetryInterceptor>();
        services.AddSingleton<ErrorInterceptor>();
        services.AddSingleton<AuthenticationInterceptor>();
        return services;
    }
}

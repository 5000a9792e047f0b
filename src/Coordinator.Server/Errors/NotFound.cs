using Coordinator.Domain;
using Coordinator.Engine;

namespace Coordinator.Server.Errors;

/// <summary>Resources that are not there, where the engine answers with nothing.</summary>
internal static class NotFound
{
    public static EngineException Application(string name) => new(new Rejection(
        "APPLICATION_NOT_FOUND",
        $"Nothing is known of an application '{name}'.",
        "Check the name; an application is known from its first heartbeat, or when its expected population is set.",
        new Dictionary<string, string> { ["application"] = name },
        RejectionKind.NotFound));

    public static EngineException Backfill(string migration, string step) => new(new Rejection(
        "BACKFILL_NOT_FOUND",
        $"Migration '{migration}' has no backfill '{step}'.",
        "Look at the steps of the migration's plan.",
        new Dictionary<string, string> { ["migration"] = migration, ["step"] = step },
        RejectionKind.NotFound));

    public static EngineException Service(string name) => new(new Rejection(
        "SERVICE_NOT_FOUND",
        "No service of that name is served here.",
        "Ask for a service's full name, such as coordinator.v1.MigrationService, for liveness or readiness, or for nothing.",
        new Dictionary<string, string> { ["service"] = name },
        RejectionKind.NotFound));
}

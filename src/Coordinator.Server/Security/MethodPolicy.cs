using System.Collections.Frozen;

namespace Coordinator.Server.Security;

/// <summary>
/// Who may call what. A method that does not stand here may be called by nobody but an administrator; health may be
/// asked by everybody, because those who ask (orchestrators, load balancers) have no credentials.
/// </summary>
internal static class MethodPolicy
{
    private const string HealthPrefix = "/grpc.health.v1.Health/";

    private static readonly FrozenDictionary<string, CallerRole[]> Allowed = Table().ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Every method that the table names.</summary>
    public static IEnumerable<string> Methods => Allowed.Keys;

    /// <summary>Whether the method is for everybody.</summary>
    public static bool IsOpen(string method) => method.StartsWith(HealthPrefix, StringComparison.Ordinal);

    /// <exception cref="AccessDeniedException">The caller's role may not call it.</exception>
    public static void Require(Caller caller, string method)
    {
        var allowed = AllowedFor(method);
        if (!allowed.Contains(caller.Role))
        {
            throw AccessDeniedException.Role(caller, method, allowed);
        }
    }

    /// <summary>The roles that may call a method; always an administrator.</summary>
    public static IReadOnlyList<CallerRole> AllowedFor(string method) =>
        [.. Allowed.GetValueOrDefault(method, []), CallerRole.Admin];

    private static IEnumerable<KeyValuePair<string, CallerRole[]>> Table() =>
    [
        .. Rows("MigrationService", [CallerRole.Operator],
            "PlanMigration", "StartMigration", "GetMigration", "ListMigrations", "WatchMigration", "PauseMigration",
            "ResumeMigration", "ApproveMigration", "RetryMigration", "RollBackMigration", "CancelMigration",
            "RetireVersions", "UnretireVersions", "VerifyMigration", "ListMigrationEvents", "CheckTarget"),
        .. Rows("BackfillService", [CallerRole.Operator],
            "GetBackfill", "ListBackfills", "TuneBackfill", "ListQuarantinedRows", "RetryQuarantinedRows", "WaiveQuarantinedRows"),
        .. Rows("ReadinessService", [CallerRole.Deployer, CallerRole.Operator], "Check", "Watch"),
        .. Rows("WorkerService", [CallerRole.Worker], "AcquireBatches", "RenewLeases", "CompleteBatches", "ReleaseBatches"),
        .. Rows("ApplicationService", [CallerRole.Instance], "Session", "Heartbeat"),
        .. Rows("ApplicationService", [CallerRole.Instance, CallerRole.Operator], "Leave"),
        .. Rows("ApplicationService", [CallerRole.Instance, CallerRole.Deployer, CallerRole.Operator], "CheckStart"),
        .. Rows("ApplicationService", [CallerRole.Operator],
            "GetApplication", "ListInstances", "SetExpectedPopulation", "AttestInstanceGone"),
    ];

    private static IEnumerable<KeyValuePair<string, CallerRole[]>> Rows(
        string service, CallerRole[] roles, params IEnumerable<string> methods) =>
        methods.Select(method => KeyValuePair.Create($"/coordinator.v1.{service}/{method}", roles));
}

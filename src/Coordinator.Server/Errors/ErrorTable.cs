using Coordinator.Domain;
using Coordinator.Engine;
using Coordinator.Engine.Planning;
using Coordinator.Engine.Targets;
using Coordinator.EventStore.Appending;
using Coordinator.Postgres.Ledger;
using Coordinator.Server.Security;
using Grpc.Core;
using Npgsql;

namespace Coordinator.Server.Errors;

/// <summary>What each kind of failure is to a caller: the one place where exceptions become statuses.</summary>
internal static class ErrorTable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>The error, or null for a failure that nobody foresaw.</summary>
    public static CallError? Find(Exception exception) => exception switch
    {
        EngineException refused => Refused(refused.Rejection),
        SpecificationException specification => Specification(specification.Errors),
        AccessDeniedException denied => Denied(denied),
        TargetUnavailableException target => Unavailable(
            "TARGET_UNAVAILABLE", target.Message, "Nothing was changed. See that the target runs and can be reached, then send the call again.") with
        {
            Metadata = new Dictionary<string, string> { ["target"] = target.Target, ["shard"] = target.Shard },
        },
        FenceException fence => new(
            StatusCode.FailedPrecondition, "TARGET_OWNED_BY_ANOTHER", fence.Message, "Use one coordinator for each target."),
        ConcurrencyException or ExistingStreamIdCollisionException => Conflict(),
        PostgresException { SqlState: PostgresErrorCodes.SerializationFailure or PostgresErrorCodes.DeadlockDetected } => Conflict(),
        PostgresException postgres when CannotServe(postgres.SqlState) => CoordinationDatabaseAway(),
        _ when TargetUnavailableException.Means(exception) => CoordinationDatabaseAway(),
        _ => null,
    };

    /// <summary>The server is about to stop.</summary>
    public static CallError Stopping() => Unavailable(
        "SERVER_STOPPING", "This replica is stopping.", "Connect again; another replica, or this one after its restart, goes on.");

    /// <summary>The caller gave up, or its connection is gone.</summary>
    public static CallError Cancelled() => new(
        StatusCode.Cancelled, "CANCELLED", "The caller cancelled the call.", "Nothing to do.");

    /// <summary>No endpoint of the HTTP port has that path and method.</summary>
    public static CallError PathUnknown(IEnumerable<string> known) => new(
        StatusCode.NotFound, "PATH_UNKNOWN", "Nothing is served under that path and method.", $"Ask {string.Join(", ", known)}.");

    /// <summary>What nobody foresaw. The text says nothing of what happened, since that may name anything.</summary>
    public static CallError Internal(string correlationId) => new(
        StatusCode.Internal,
        "INTERNAL",
        $"The call failed for a reason of the coordinator's own; its log has it under {correlationId}.",
        "Send it again with the same request id; if it fails again, report the log entry.")
    {
        Metadata = new Dictionary<string, string> { ["correlation_id"] = correlationId },
    };

    private static CallError Refused(Rejection rejection) => new(
        CodeOf(rejection.Kind), rejection.Code, rejection.Message, rejection.Remedy)
    {
        Metadata = rejection.Metadata ?? new Dictionary<string, string>(),
        Fields = rejection.Metadata?.TryGetValue(InvalidRequest.FieldKey, out var field) is true
            ? [new FieldProblem(field, rejection.Code, $"{rejection.Message} {rejection.Remedy}")]
            : [],
        RetryDelay = rejection.Kind is RejectionKind.Aborted or RejectionKind.ResourceExhausted ? RetryDelay : null,
    };

    private static StatusCode CodeOf(RejectionKind kind) => kind switch
    {
        RejectionKind.InvalidArgument => StatusCode.InvalidArgument,
        RejectionKind.NotFound => StatusCode.NotFound,
        RejectionKind.AlreadyExists => StatusCode.AlreadyExists,
        RejectionKind.FailedPrecondition => StatusCode.FailedPrecondition,
        RejectionKind.Aborted => StatusCode.Aborted,
        RejectionKind.ResourceExhausted => StatusCode.ResourceExhausted,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a kind of rejection."),
    };

    private static CallError Specification(IReadOnlyList<Coordinator.Domain.Specs.SpecError> errors) => new(
        StatusCode.InvalidArgument,
        SpecificationException.Reason,
        errors.Count == 1
            ? $"The specification has an error: {errors[0].Place}: {errors[0].Message}"
            : $"The specification has {errors.Count} errors; the first is {errors[0].Place}: {errors[0].Message}",
        errors[0].Remedy)
    {
        Fields = [.. errors.Select(error => new FieldProblem(error.Place, error.Code, $"{error.Message} {error.Remedy}"))],
    };

    private static CallError Denied(AccessDeniedException denied) => new(
        denied.IsUnauthenticated ? StatusCode.Unauthenticated : StatusCode.PermissionDenied,
        denied.Reason,
        denied.Message,
        denied.Remedy)
    {
        Metadata = denied.Metadata,
    };

    private static CallError Conflict() => new(
        StatusCode.Aborted,
        "CONFLICT",
        "Somebody else changed the same thing at the same time.",
        "Nothing was changed by this call; look at it again and send the call again.")
    {
        RetryDelay = RetryDelay,
    };

    private static CallError CoordinationDatabaseAway() => Unavailable(
        "COORDINATION_DATABASE_UNAVAILABLE",
        "The coordinator can't use its own database now.",
        "Send the call again with the same request id; leases are not counted down meanwhile.");

    // A standby that was not promoted, a server that is out of something (class 53).
    private static bool CannotServe(string state) =>
        state == PostgresErrorCodes.ReadOnlySqlTransaction || state.StartsWith("53", StringComparison.Ordinal);

    private static CallError Unavailable(string reason, string message, string remedy) =>
        new(StatusCode.Unavailable, reason, message, remedy) { RetryDelay = RetryDelay };
}

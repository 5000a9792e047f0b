using Coordinator.Worker.Batches;

namespace Coordinator.Worker.Reporting;

/// <summary>The stable reasons with which a worker gives a batch back. They are part of the contract with the service.</summary>
internal static class ReleaseReason
{
    public const string LeaseExpired = "LEASE_EXPIRED";
    public const string WorkerStopping = "WORKER_STOPPING";
    public const string UnknownTarget = "UNKNOWN_TARGET";
    public const string Superseded = "SUPERSEDED";
    public const string FenceMoved = "FENCE_MOVED";
    public const string Busy = "BATCH_BUSY";
    public const string WrongTarget = "WRONG_TARGET";
    public const string SyncTriggerBroken = "SYNC_TRIGGER_BROKEN";
    public const string ProtocolBroken = "PROTOCOL_BROKEN";
    public const string Unreachable = "TARGET_UNREACHABLE";
    public const string Unsettled = "COMMIT_UNKNOWN";

    /// <summary>An SQLSTATE after which the same batch may pass.</summary>
    public const string Retryable = "RETRYABLE_ERROR";

    /// <summary>The application's own code threw.</summary>
    public const string HandlerFailed = "HANDLER_FAILED";

    /// <summary>An SQLSTATE that the same batch will meet again.</summary>
    public const string Failed = "STATEMENT_FAILED";

    /// <summary>An SQLSTATE that every batch will meet until a person has changed something.</summary>
    public const string Configuration = "CONFIGURATION_ERROR";

    /// <summary>More rows of the batch can't be changed than go into quarantine.</summary>
    public const string TooManyBadRows = "TOO_MANY_BAD_ROWS";

    public static string Of(FailureKind kind) => kind switch
    {
        FailureKind.Transient => Retryable,
        FailureKind.Configuration => Configuration,
        FailureKind.TooManyBadRows => TooManyBadRows,
        _ => Failed,
    };
}

using Npgsql;

namespace Coordinator.Worker.Batches;

/// <summary>The SQLSTATEs that the guards in schema coordinator raise, and those of PostgreSQL's that may pass by themselves.</summary>
internal static class BatchSqlStates
{
    public const string FenceBusy = "CO001";
    public const string FenceMoved = "CO002";
    public const string BatchBusy = "CO003";
    public const string BatchDone = "CO004";
    public const string LeaseSuperseded = "CO005";
    public const string TransactionEscaped = "CO006";
    public const string SyncTriggerBroken = "CO007";
    public const string WrongTarget = "CO008";
    public const string LedgerMissing = "CO009";
    public const string WrongIsolation = "CO011";
    public const string RangeDiffers = "CO012";

    /// <summary>Locks, deadlocks, serialization, shutdown, and resources that somebody else may give back.</summary>
    public static bool IsTransient(PostgresException exception) =>
        exception.IsTransient ||
        exception.SqlState is PostgresErrorCodes.LockNotAvailable
            or PostgresErrorCodes.DeadlockDetected
            or PostgresErrorCodes.SerializationFailure
            or PostgresErrorCodes.QueryCanceled
            or PostgresErrorCodes.OutOfMemory
            or PostgresErrorCodes.TooManyConnections;
}

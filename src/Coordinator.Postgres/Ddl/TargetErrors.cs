using Npgsql;

namespace Coordinator.Postgres.Ddl;

/// <summary>What an error of PostgreSQL means for a DDL step: the one place that decides whether to try again.</summary>
internal static class TargetErrors
{
    private const string IdleInTransactionTimeout = "25P03";
    private const string TransactionTimeout = "25P04";

    /// <summary>A lock was not to be had, or an attempt had to give way: nothing happened, try again.</summary>
    public static bool IsBusy(PostgresException error) => error.SqlState
        is PostgresErrorCodes.LockNotAvailable
        or PostgresErrorCodes.DeadlockDetected
        or PostgresErrorCodes.SerializationFailure;

    /// <summary>The session ended, or could not begin: what it was doing may have committed.</summary>
    public static bool IsConnectionLost(NpgsqlException error) => error is not PostgresException postgres || postgres.SqlState
        is PostgresErrorCodes.AdminShutdown
        or PostgresErrorCodes.CrashShutdown
        or PostgresErrorCodes.CannotConnectNow
        or PostgresErrorCodes.TooManyConnections
        or IdleInTransactionTimeout
        or TransactionTimeout
        || postgres.SqlState.StartsWith("08", StringComparison.Ordinal);
}

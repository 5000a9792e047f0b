using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Identity;
using Npgsql;

namespace Coordinator.Postgres.Quarantine;

/// <summary>
/// The beginning of a transaction that writes one row for a person, as a batch would: under the migration's fence, with short waits,
/// and only while the sync trigger works.
/// </summary>
internal static class RowTransaction
{
    private static readonly HashSet<string> BusyStates = new(
        [
            PostgresErrorCodes.LockNotAvailable, PostgresErrorCodes.DeadlockDetected, PostgresErrorCodes.SerializationFailure,
            PostgresErrorCodes.QueryCanceled, "CO001",
        ],
        StringComparer.Ordinal);

    /// <summary>Whether somebody else holds what the transaction needs: nothing was changed, and another try may do.</summary>
    public static bool IsBusy(PostgresException exception) => BusyStates.Contains(exception.SqlState);

    /// <summary>The settings and guards of a batch, in its order: the generation is read after the lock, by a later statement.</summary>
    /// <exception cref="PostgresException">CO002 or CO008 when the fence is not open, CO007 when the sync trigger is broken.</exception>
    public static async Task EnterAsync(
        NpgsqlConnection connection,
        string migration,
        TableName table,
        string? trigger,
        long generation,
        TargetIdentity identity,
        CancellationToken cancellationToken)
    {
        await connection.ExecuteAsync(
            """
            select set_config('lock_timeout', '1s', true), set_config('statement_timeout', '10s', true),
                   set_config('idle_in_transaction_session_timeout', '10s', true), set_config('synchronous_commit', 'on', true),
                   set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO, MDY', true),
                   set_config('intervalstyle', 'postgres', true), set_config('extra_float_digits', '1', true)
            """,
            [],
            cancellationToken);
        await connection.ExecuteAsync("select coordinator.enter_fence($1)", [migration], cancellationToken);
        await connection.ExecuteAsync(
            "select coordinator.check_fence($1, $2, $3, $4)",
            [migration, generation, identity.SystemIdentifier, identity.Timeline],
            cancellationToken);
        if (trigger is not null)
        {
            await connection.ExecuteAsync($"lock table only {table.Sql} in row exclusive mode", [], cancellationToken);
            await connection.ExecuteAsync(
                """
                select coordinator.require(problem is null, 'CO007', 'SYNC_TRIGGER_BROKEN: ' || problem)
                  from coordinator.trigger_problem($1, $2, $3) as problem
                """,
                [migration, table.Sql, trigger],
                cancellationToken);
        }
    }
}

using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Identity;
using Coordinator.Postgres.Ledger;
using Npgsql;

namespace Coordinator.Postgres.Quarantine;

/// <summary>
/// A transaction that writes one row for a person, as a batch would: under the migration's fence, with short waits, and only while
/// the sync trigger works.
/// </summary>
internal static class RowTransaction
{
    private static readonly HashSet<string> BusyStates = new(
        [
            PostgresErrorCodes.LockNotAvailable, PostgresErrorCodes.DeadlockDetected, PostgresErrorCodes.SerializationFailure,
            PostgresErrorCodes.QueryCanceled, "CO001",
        ],
        StringComparer.Ordinal);

    /// <summary>
    /// Commits what <paramref name="apply"/> does. When somebody else holds what it needs, nothing is changed, another try may do, and
    /// the outcome is <paramref name="busy"/>.
    /// </summary>
    /// <exception cref="PostgresException">CO002 or CO008 when the fence is not open, CO007 when the sync trigger is broken.</exception>
    public static async Task<T> RunAsync<T>(
        NpgsqlDataSource source,
        string migration,
        TableName table,
        string? trigger,
        Func<NpgsqlConnection, Task<T>> apply,
        T busy,
        CancellationToken cancellationToken)
    {
        var fence = await FenceControl.ReadAsync(source, migration, cancellationToken);
        var identity = await TargetIdentity.ReadAsync(source, cancellationToken);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(System.Data.IsolationLevel.ReadCommitted, cancellationToken);
        try
        {
            await EnterAsync(connection, migration, table, trigger, fence?.Generation ?? 0, identity, cancellationToken);
            var outcome = await apply(connection);
            await transaction.CommitAsync(cancellationToken);
            return outcome;
        }
        catch (PostgresException held) when (BusyStates.Contains(held.SqlState))
        {
            return busy;
        }
    }

    // The settings and guards of a batch, in its order: the generation is read after the lock, by a later statement.
    private static async Task EnterAsync(
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

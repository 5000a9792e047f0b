using Npgsql;

namespace Coordinator.Postgres.Ledger;

/// <summary>
/// The migration-wide fence in a target. A batch takes the fence's lock shared and reads the generation in a later
/// statement; a raise publishes the next generation first and then tries the lock exclusively. Whoever read the old
/// generation holds the lock, so after a successful try nothing that was granted before can commit. Published first, the
/// raise can't be starved by batches that keep overlapping: they are refused at the generation.
/// </summary>
public static class FenceControl
{
    /// <summary>Creates the migration's fence, open, or finds it.</summary>
    /// <returns>The generation to grant batches with.</returns>
    /// <exception cref="FenceException">The fence belongs to another coordinator.</exception>
    public static async Task<long> EnsureAsync(
        NpgsqlDataSource source, string migration, Guid coordinatorId, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(
            """
            insert into coordinator.fence (migration, coordinator_id, generation, mode) values ($1, $2, 1, 'open')
            on conflict (migration) do nothing
            """,
            [migration, coordinatorId],
            cancellationToken);
        var fence = await ReadAsync(connection, migration, cancellationToken);
        return fence?.CoordinatorId == coordinatorId
            ? fence.Generation
            : throw new FenceException(
                $"Migration '{migration}' is run in this database by another coordinator ({fence?.CoordinatorId}). " +
                "Two coordinators must not share a target; use another migration name, or point one of them elsewhere.");
    }

    /// <summary>
    /// Moves the fence to the next generation and to <paramref name="mode"/>, and returns when no transaction that was
    /// admitted before is left: what was granted before does not commit after this returns. A lost connection or a
    /// cancellation leaves it published but perhaps not drained: raise again.
    /// </summary>
    /// <returns>The new generation.</returns>
    /// <exception cref="FenceException">There is no fence of this migration.</exception>
    public static async Task<long> RaiseAsync(
        NpgsqlDataSource source, string migration, FenceMode mode, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        var generation = await PublishAsync(source, migration, mode, cancellationToken);
        await DrainAsync(source, migration, cancellationToken);
        return generation;
    }

    /// <summary>
    /// Returns when nothing that was granted before the fence came into <paramref name="mode"/> can commit any more, whoever
    /// brought it there. A fence that is in that mode already is only published: whoever did that may still wait for the
    /// transactions that were admitted before, or may have died over it.
    /// </summary>
    /// <exception cref="FenceException">There is no fence of this migration.</exception>
    public static async Task HoldAsync(
        NpgsqlDataSource source, string migration, FenceMode mode, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        if ((await ReadAsync(source, migration, cancellationToken))?.Mode != mode)
        {
            await PublishAsync(source, migration, mode, cancellationToken);
        }

        await DrainAsync(source, migration, cancellationToken);
    }

    /// <summary>The fence as it is now; null where there is none.</summary>
    public static async Task<Fence?> ReadAsync(
        NpgsqlDataSource source, string migration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await ReadAsync(connection, migration, cancellationToken);
    }

    /// <summary>
    /// One message, so no round trip stands between the row lock and the commit. With synchronous_commit off, an
    /// acknowledged pause could be lost in a crash.
    /// </summary>
    private static async Task<long> PublishAsync(
        NpgsqlDataSource source, string migration, FenceMode mode, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var batch = connection.CreateBatch();
        batch.BatchCommands.Add(new NpgsqlBatchCommand("begin isolation level read committed"));
        batch.BatchCommands.Add(new NpgsqlBatchCommand("set local synchronous_commit = on"));
        batch.BatchCommands.Add(
            new NpgsqlBatchCommand(
                """
                update coordinator.fence set generation = generation + 1, mode = $2 where migration = $1
                returning generation
                """)
            {
                Parameters = { new() { Value = migration }, new() { Value = ToText(mode) } },
            });
        batch.BatchCommands.Add(new NpgsqlBatchCommand("commit"));
        return await batch.ExecuteScalarAsync(cancellationToken) as long?
            ?? throw new FenceException(
                $"Migration '{migration}' has no fence in this database. It was deleted, or the database was restored " +
                "from before the migration: find out which before anything runs here.");
    }

    /// <summary>
    /// Tries and polls, one transaction per try: a session that waits for an advisory lock inside a transaction
    /// deadlocks with a concurrent index build.
    /// </summary>
    private static async Task DrainAsync(
        NpgsqlDataSource source, string migration, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        while (!await connection.ScalarAsync<bool>(
            "select pg_catalog.pg_try_advisory_xact_lock(coordinator.fence_key($1))", [migration], cancellationToken))
        {
            var pause = TimeSpan.FromMilliseconds(Random.Shared.Next(20, 50));
            await Task.Delay(pause, TimeProvider.System, cancellationToken);
        }
    }

    private static async Task<Fence?> ReadAsync(
        NpgsqlConnection connection, string migration, CancellationToken cancellationToken)
    {
        var rows = await connection.QueryAsync(
            "select coordinator_id, generation, mode from coordinator.fence where migration = $1",
            [migration],
            row => new Fence(row.GetGuid(0), row.GetInt64(1), FromText(row.GetString(2))),
            cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }

    private static string ToText(FenceMode mode) => mode switch
    {
        FenceMode.Open => "open",
        FenceMode.Paused => "paused",
        FenceMode.Closed => "closed",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, null),
    };

    private static FenceMode FromText(string mode) => mode switch
    {
        "open" => FenceMode.Open,
        "paused" => FenceMode.Paused,
        _ => FenceMode.Closed,
    };
}

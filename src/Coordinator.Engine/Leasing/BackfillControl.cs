using System.Diagnostics.CodeAnalysis;
using Coordinator.EventStore;
using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>
/// The driver's side of leasing: what is handed out, and how far it is. Changes are enlisted in the session that appends
/// the decision behind them, so that the rows never say something else than the events.
/// </summary>
[SuppressMessage("Performance", "CA1822", Justification = "A driver is given one object for all of it, not an object and a type.")]
public sealed class BackfillControl(CoordinationDatabase database)
{
    /// <summary>
    /// Begins a pass, or begins it again: its batches are handed out from the commit on. An older pass's ranges and open
    /// batches go; a pass older than the one that runs changes nothing.
    /// </summary>
    public void EnlistStart(IEventSession session, BackfillStart start)
    {
        ArgumentNullException.ThrowIfNull(start);
        EnlistAll(session, BackfillStatements.Start(start));
    }

    /// <summary>Stops granting. What is granted already is stopped by the target's fence.</summary>
    public void EnlistPause(IEventSession session, string migration) =>
        EnlistAll(session, [BackfillStatements.Pause(migration)]);

    /// <summary>
    /// Grants again, under each shard's fence; also for a running backfill whose target has another fence now. Reports
    /// from an older incarnation are refused from the commit on.
    /// </summary>
    public void EnlistResume(IEventSession session, string migration, IReadOnlyDictionary<string, TargetFence> fences)
    {
        ArgumentNullException.ThrowIfNull(fences);
        EnlistAll(session, fences
            .OrderBy(fence => fence.Key, StringComparer.Ordinal)
            .SelectMany(fence => new[]
            {
                BackfillStatements.Resume(migration, fence.Key, fence.Value),
                PaceStatements.Server(fence.Value.SystemIdentifier),
            }));
    }

    /// <summary>Ends a step's granting for good. With a batch that is not done the save fails with SQLSTATE <c>CO104</c>.</summary>
    public void EnlistFinish(IEventSession session, string migration, string step) =>
        EnlistAll(session, BackfillStatements.Finish(migration, step));

    /// <summary>Removes everything of one step, whose table is gone; reports of its batches are answered with <c>BACKFILL_NOT_FOUND</c> then.</summary>
    public void EnlistAbandon(IEventSession session, string migration, string step) =>
        EnlistAll(session, BackfillStatements.Delete(migration, step));

    /// <summary>Removes everything of a migration; reports of its batches are answered with <c>BACKFILL_NOT_FOUND</c> then.</summary>
    public void EnlistDelete(IEventSession session, string migration) =>
        EnlistAll(session, BackfillStatements.Delete(migration));

    /// <summary>Stops granting without a decision behind it: the target is not what the grants assume.</summary>
    public async Task PauseRowsAsync(string migration, CancellationToken cancellationToken)
    {
        await using var batch = database.DataSource.CreateBatch();
        batch.BatchCommands.Add(BackfillStatements.Pause(migration));
        await batch.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A step's shards, by name; none when it was never started.</summary>
    public async Task<IReadOnlyList<BackfillRow>> RowsAsync(string migration, string step, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select shard, state, pass, batch_blocks, total_blocks, file_node, generation, system_identifier, timeline
            from coordinator.backfill
            where migration = $1 and step = $2
            order by shard
            """);
        command.Parameters.Add(new() { Value = migration });
        command.Parameters.Add(new() { Value = step });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<BackfillRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new BackfillRow(
                reader.GetString(0),
                (BackfillRowState)reader.GetInt16(1),
                reader.GetInt32(2),
                reader.GetInt64(3),
                reader.GetInt64(4),
                reader.GetInt64(5),
                reader.GetInt64(6),
                reader.GetInt64(7),
                reader.GetString(8)));
        }

        return rows;
    }

    /// <summary>The progress of one migration's backfills, or of all, by migration and step.</summary>
    public Task<IReadOnlyList<BackfillProgress>> ProgressAsync(string? migration, CancellationToken cancellationToken) =>
        ProgressReader.ReadAsync(database, migration, cancellationToken);

    /// <summary>What a worker reported that must stop the backfill for good: a batch that left its transaction. Null: nothing.</summary>
    public async Task<string?> FatalFailureAsync(string migration, string step, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select last_failure from coordinator.backfill_batch
             where migration = $1 and step = $2 and state = 0 and last_failure like 'PROTOCOL\_BROKEN%' limit 1
            """);
        command.Parameters.Add(new() { Value = migration });
        command.Parameters.Add(new() { Value = step });
        return await command.ExecuteScalarAsync(cancellationToken) as string;
    }

    /// <summary>Whether a step has started on some shard, nothing of it is left to carve, and every carved batch is done.</summary>
    public async Task<bool> IsCarvedAndDoneAsync(string migration, string step, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            "select exists (select from coordinator.backfill where migration = $1 and step = $2) and not exists ("
            + BackfillStatements.OpenWork + ")");
        command.Parameters.Add(new() { Value = migration });
        command.Parameters.Add(new() { Value = step });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    /// <summary>
    /// Takes back that batches are done, because the target's ledger does not say so. They are granted again at once,
    /// under the next epoch.
    /// </summary>
    public async Task ReopenAsync(
        string migration, string shard, string step, IReadOnlyCollection<long> batches, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            with lost as materialized (
                select batch, end_block - first_block as blocks, row_count from coordinator.backfill_batch
                where migration = $1 and shard = $2 and step = $3 and batch = any($4) and state = 1
                order by batch
                for no key update
            ), taken_back as (
                insert into coordinator.backfill_sample (migration, shard, step, blocks, rows, batches)
                select $1, $2, $3, -sum(blocks), -coalesce(sum(row_count), 0), -count(*) from lost having count(*) > 0
            )
            update coordinator.backfill_batch b
            set state = 0, row_count = null, holder = '', expires_at = clock_timestamp()
            from lost
            where b.migration = $1 and b.shard = $2 and b.step = $3 and b.batch = lost.batch
            """);
        AddShard(command, migration, shard, step);
        command.Parameters.Add(new() { Value = batches.ToArray() });
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>The batches of the current pass that were reported as committed, in table order.</summary>
    public async Task<IReadOnlyList<BatchRow>> DoneBatchesAsync(
        string migration, string shard, string step, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(
            """
            select b.batch, b.first_block, b.end_block, b.epoch, b.lease_id, b.row_count
            from coordinator.backfill_batch b join coordinator.backfill f using (migration, shard, step)
            where b.migration = $1 and b.shard = $2 and b.step = $3 and b.state = 1 and b.batch >= f.pass::bigint << 32
            order by b.batch
            """);
        AddShard(command, migration, shard, step);
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var rows = new List<BatchRow>();
        while (await reader.ReadAsync(cancellationToken))
        {
            rows.Add(new BatchRow(
                reader.GetInt64(0), reader.GetInt64(1), reader.GetInt64(2), reader.GetInt64(3), reader.GetGuid(4), reader.GetInt64(5)));
        }

        return rows;
    }

    private static void AddShard(NpgsqlCommand command, string migration, string shard, string step)
    {
        command.Parameters.Add(new() { Value = migration });
        command.Parameters.Add(new() { Value = shard });
        command.Parameters.Add(new() { Value = step });
    }

    private static void EnlistAll(IEventSession session, IEnumerable<NpgsqlBatchCommand> commands)
    {
        ArgumentNullException.ThrowIfNull(session);
        foreach (var command in commands)
        {
            session.Enlist(command);
        }
    }
}

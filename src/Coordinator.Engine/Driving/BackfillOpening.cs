using Coordinator.Domain.Backfills;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.EventStore;
using Coordinator.Postgres.Ledger;
using Coordinator.Postgres.Quarantine;
using Coordinator.Postgres.Ranges;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Opens a backfill on every shard: measures the table, or cuts its key space, after the sync trigger's commit (a row inserted since is in sync
/// by itself), and lets batches be granted under the fence's generation.
/// </summary>
internal sealed class BackfillOpening(IEventStore store, BackfillControl control, MigrationFence fence, EngineOptions options)
{
    private static readonly RequestContext Driver = new("coordinator");

    /// <summary>Opens what is not open yet, and grants again after a pause.</summary>
    public async Task OpenAsync(StepRun run, PlanStep.Backfill backfill, CancellationToken cancellationToken)
    {
        var opened = await control.RowsAsync(run.Migration, backfill.Id, cancellationToken);
        if (opened.Count == 0)
        {
            await StartPassAsync(run, backfill, pass: 1, restartReason: null, cancellationToken);
        }
        else if (backfill.Key is not null && await ShardWithoutMarksAsync(run, backfill, opened, cancellationToken) is { } lost)
        {
            await StartPassAsync(
                run, backfill, lost.Pass + 1, $"shard '{lost.Shard}' has lost marks of the key ranges", cancellationToken);
        }
        else if (opened.Any(row => row.State == BackfillRowState.Paused))
        {
            var fences = await fence.RaiseAsync(run.Plan.Spec.Target, run.Migration, FenceMode.Open, cancellationToken);
            await using var session = store.OpenSession(MigrationStream.Metadata(Driver));
            RequireRunning(session, run.Migration);
            control.EnlistResume(session, run.Migration, fences);
            session.Enlist(BackfillFailures.ForgiveCommand(run.Migration));
            await session.SaveChangesAsync(cancellationToken);
        }
    }

    /// <summary>
    /// Begins a pass over the whole table, on every shard. A new pass has new batch numbers; whatever is left of an
    /// older one is fenced off first.
    /// </summary>
    public async Task StartPassAsync(
        StepRun run, PlanStep.Backfill backfill, int pass, string? restartReason, CancellationToken cancellationToken)
    {
        var fences = await fence.RaiseAsync(run.Plan.Spec.Target, run.Migration, FenceMode.Open, cancellationToken);
        var starts = new List<BackfillStart>();
        foreach (var shard in run.Target.Shards)
        {
            await QuarantineTable.ForgetPlacesAsync(shard.DataSource, run.Migration, backfill.Id, cancellationToken);
            var table = await MeasureAsync(shard, backfill.Table, cancellationToken);
            var blocks = backfill.Key is null
                ? table.Blocks
                : await KeyRanges.MarkAsync(run, backfill, shard, pass, cancellationToken);
            var cell = backfill switch
            {
                { Sweepable: false, SweptStatement: null } => 0,
                { Key: not null } => await KeyRanges.CellAsync(run, backfill, shard, pass, blocks, options.SweepFromBlocks, cancellationToken),
                _ => BlockSweeps.CellOf(blocks, options.SweepFromBlocks),
            };
            var here = fences[shard.Name];
            starts.Add(new BackfillStart(
                run.Migration,
                shard.Name,
                backfill.Id,
                run.Plan.Spec.Target,
                cell == 0 ? backfill.Statement : backfill.SweptStatement ?? backfill.Statement,
                TriggerTable: backfill.TriggerName is null ? "" : backfill.Table.Sql,
                TriggerName: backfill.TriggerName ?? "",
                FirstBatch(backfill, blocks, cell, table.Rows),
                blocks,
                pass,
                table.FileNode,
                here.Generation,
                here.SystemIdentifier,
                here.Timeline,
                Throttle.InitialParallelism)
            {
                Handler = backfill.Handler ?? "",
                Table = backfill.Table.Sql,
                Key = backfill.Key ?? [],
                SweepCell = cell,
            });
        }

        await new ProgressEvents(store, Driver, run.Migration, backfill.Id).OpenAsync(
            backfill,
            starts.ToDictionary(start => start.Shard, start => start.TotalBlocks),
            run.Plan.Spec.Backfill,
            restartReason,
            session =>
            {
                RequireRunning(session, run.Migration);
                foreach (var start in starts)
                {
                    control.EnlistStart(session, start);
                }

                return Task.CompletedTask;
            },
            cancellationToken);
    }

    private static long FirstBatch(PlanStep.Backfill backfill, long blocks, long cell, double rows)
    {
        var batch = BatchSize.ForRows(
            backfill.BatchRows,
            BlockSweeps.Visits(blocks, cell),
            backfill.Key is null ? rows : (double)blocks * KeyMarks.KeysPerMark);
        return cell == 0 ? batch : Math.Min(batch, cell);
    }

    // Another server, after a failover, may lack the newest marks, and its libraries may have another order.
    private static async Task<BackfillRow?> ShardWithoutMarksAsync(
        StepRun run, PlanStep.Backfill backfill, IReadOnlyList<BackfillRow> opened, CancellationToken cancellationToken)
    {
        foreach (var row in opened.Where(row => row.State != BackfillRowState.Finished))
        {
            var shard = run.Target.Shards.Single(candidate => candidate.Name == row.Shard);
            await KeyRanges.CheckAsync(backfill, shard, cancellationToken);
            if (!await KeyRanges.AreMarkedAsync(run, backfill, shard, row, cancellationToken))
            {
                return row;
            }
        }

        return null;
    }

    /// <summary>The table's size and identity now.</summary>
    public static async Task<(long Blocks, double Rows, long FileNode)> MeasureAsync(
        TargetShard shard, TableRef table, CancellationToken cancellationToken)
    {
        await using var command = shard.DataSource.CreateCommand(
            """
            select pg_relation_size(c.oid) / current_setting('block_size')::bigint,
                   greatest(c.reltuples, 0)::float8 * case when c.relpages > 0
                       then (pg_relation_size(c.oid) / current_setting('block_size')::bigint)::float8 / c.relpages else 1 end,
                   -- a partitioned table has none of its own
                   coalesce(pg_relation_filenode(c.oid)::bigint, 0)
              from pg_class c where c.oid = to_regclass($1)
            """);
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = table.Sql });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        return await reader.ReadAsync(cancellationToken)
            ? (reader.GetInt64(0), reader.GetDouble(1), reader.GetInt64(2))
            : throw new TableVanishedException(table);
    }

    // A pause may have been recorded since the driver looked; then nothing may be granted.
    private static void RequireRunning(IEventSession session, string migration) => session.EnlistBefore(new NpgsqlBatchCommand(
        """
        select coordinator.require_command(
            (select status from coordinator.migration where name = $1 for update) = 2, 'CO103', 'the migration is not running')
        """)
    {
        Parameters = { new NpgsqlParameter<string> { TypedValue = migration } },
    });
}

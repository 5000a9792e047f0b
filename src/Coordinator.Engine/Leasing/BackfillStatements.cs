using Coordinator.Domain.Backfills;
using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>The statements that change what is handed out, for a transaction that also appends the decision behind them.</summary>
internal static class BackfillStatements
{
    /// <summary>The SQLSTATE of an attempt to finish a backfill whose batches are not all done.</summary>
    public const string NotDone = "CO104";

    /// <summary>
    /// The row first: its lock keeps reports out until the pass is changed. Ranges and batches of an older pass are
    /// deleted, not rewritten, so that a grant whose snapshot is older finds nothing to carve from. The same pass
    /// again changes only what may have changed since, and keeps what is carved.
    /// </summary>
    public static IEnumerable<NpgsqlBatchCommand> Start(BackfillStart start)
    {
        yield return UpsertCommand(start);
        yield return OfOlderPass("delete from coordinator.backfill_range where migration = $1 and shard = $2 and step = $3 and pass < $4", start);
        yield return OfOlderPass(
            """
            delete from coordinator.backfill_batch
            where migration = $1 and shard = $2 and step = $3 and state = 0 and batch < $4::bigint << 32
            """,
            start);
        yield return RangesCommand(start);
        foreach (var command in PaceStatements.Start(start))
        {
            yield return command;
        }
    }

    public static NpgsqlBatchCommand Pause(string migration) => new(
        "update coordinator.backfill set state = 1 where migration = $1 and state = 0")
    {
        Parameters = { new() { Value = migration } },
    };

    public static NpgsqlBatchCommand Resume(string migration, string shard, TargetFence fence) => new(
        """
        with known as (
            -- Whoever resumes has made room, or wants to know whether there is some.
            update coordinator.backfill_pace set disk_full_at = null, disk_full = '' where migration = $1 and shard = $2
        )
        update coordinator.backfill set state = 0, generation = $3, system_identifier = $4, timeline = $5
        where migration = $1 and shard = $2 and state in (0, 1)
        """)
    {
        Parameters =
        {
            new() { Value = migration },
            new() { Value = shard },
            new() { Value = fence.Generation },
            new() { Value = fence.SystemIdentifier },
            new() { Value = fence.Timeline },
        },
    };

    public static IEnumerable<NpgsqlBatchCommand> Finish(string migration, string step)
    {
        yield return new NpgsqlBatchCommand("update coordinator.backfill set state = 2 where migration = $1 and step = $2")
        {
            Parameters = { new() { Value = migration }, new() { Value = step } },
        };
        yield return new NpgsqlBatchCommand(
            "select coordinator.require_command(not exists (" + OpenWork + "), $3, 'batches of the backfill are not done yet')")
        {
            Parameters = { new() { Value = migration }, new() { Value = step }, new() { Value = NotDone } },
        };
    }

    /// <summary>Everything of a migration, or of one of its steps.</summary>
    public static IEnumerable<NpgsqlBatchCommand> Delete(string migration, string step = "")
    {
        // In the order in which everybody else locks them.
        foreach (var sql in (string[])
        [
            "delete from coordinator.backfill where migration = $1 and ($2 = '' or step = $2)",
            "delete from coordinator.backfill_range where migration = $1 and ($2 = '' or step = $2)",
            "delete from coordinator.backfill_batch where migration = $1 and ($2 = '' or step = $2)",
            "delete from coordinator.backfill_sample where migration = $1 and ($2 = '' or step = $2)",
            "delete from coordinator.backfill_total where migration = $1 and ($2 = '' or step = $2)",
            "delete from coordinator.backfill_pace where migration = $1 and ($2 = '' or step = $2)",
        ])
        {
            yield return new NpgsqlBatchCommand(sql)
            {
                Parameters = { new() { Value = migration }, new() { Value = step } },
            };
        }
    }

    /// <summary>A row for each range that is not carved up and each batch that is not done, of step $2 of migration $1.</summary>
    public const string OpenWork =
        """
        select from coordinator.backfill_range r
        where r.migration = $1 and r.step = $2 and r.next_block < r.end_block
        union all
        select from coordinator.backfill_batch b
        where b.migration = $1 and b.step = $2 and b.state = 0
        """;

    private static NpgsqlBatchCommand UpsertCommand(BackfillStart start) => new(
        """
        insert into coordinator.backfill as f (migration, shard, step, target, state, statement, trigger_table, trigger_name,
            batch_blocks, total_blocks, pass, file_node, generation, system_identifier, timeline, handler, filled_table,
            key_columns, key_types, sweep_cell)
        values ($1, $2, $3, $4, 0, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19)
        on conflict (migration, shard, step) do update set target = excluded.target, state = 0,
            -- as the sweeps, with which it belongs together
            statement = case when f.pass = excluded.pass then f.statement else excluded.statement end,
            trigger_table = excluded.trigger_table, trigger_name = excluded.trigger_name, batch_blocks = excluded.batch_blocks,
            total_blocks = case when f.pass = excluded.pass then f.total_blocks else excluded.total_blocks end,
            sweep_cell = case when f.pass = excluded.pass then f.sweep_cell else excluded.sweep_cell end,
            pass = excluded.pass, file_node = excluded.file_node, generation = excluded.generation,
            system_identifier = excluded.system_identifier, timeline = excluded.timeline,
            handler = excluded.handler, filled_table = excluded.filled_table,
            key_columns = excluded.key_columns, key_types = excluded.key_types
        where f.pass <= excluded.pass
        """)
    {
        Parameters =
        {
            new() { Value = start.Migration },
            new() { Value = start.Shard },
            new() { Value = start.Step },
            new() { Value = start.Target },
            new() { Value = start.Statement },
            new() { Value = start.TriggerTable },
            new() { Value = start.TriggerName },
            new() { Value = start.BatchBlocks },
            new() { Value = start.TotalBlocks },
            new() { Value = start.Pass },
            new() { Value = start.FileNode },
            new() { Value = start.Generation },
            new() { Value = start.SystemIdentifier },
            new() { Value = start.Timeline },
            new() { Value = start.Handler },
            new() { Value = start.Table },
            new() { Value = start.Key.Select(column => column.Name).ToArray() },
            new() { Value = start.Key.Select(column => column.Type).ToArray() },
            new() { Value = start.SweepCell },
        },
    };

    private static NpgsqlBatchCommand RangesCommand(BackfillStart start)
    {
        var spans = BlockSpan.Split(
            BlockSweeps.Span(start.TotalBlocks, start.SweepCell),
            start.SweepCell == 0 ? start.BatchBlocks : start.SweepCell * BlockSweeps.Count);
        return new NpgsqlBatchCommand(
            """
            insert into coordinator.backfill_range (migration, shard, step, range, pass, next_block, end_block)
            select $1, $2, $3, s.range, $4, s.first, s.upto
            from unnest($5, $6) with ordinality as s(first, upto, range)
            where exists (select from coordinator.backfill where migration = $1 and shard = $2 and step = $3 and pass = $4
                and sweep_cell = $7)
            on conflict do nothing
            """)
        {
            Parameters =
            {
                new() { Value = start.Migration },
                new() { Value = start.Shard },
                new() { Value = start.Step },
                new() { Value = start.Pass },
                new() { Value = spans.Select(span => span.First).ToArray() },
                new() { Value = spans.Select(span => span.End).ToArray() },
                new() { Value = start.SweepCell },
            },
        };
    }

#pragma warning disable CA2100 // The texts are the literals above.
    private static NpgsqlBatchCommand OfOlderPass(string sql, BackfillStart start) => new(sql)
    {
        Parameters =
        {
            new() { Value = start.Migration },
            new() { Value = start.Shard },
            new() { Value = start.Step },
            new() { Value = start.Pass },
        },
    };
#pragma warning restore CA2100
}

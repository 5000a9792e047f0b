using System.Globalization;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Operations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Planning;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ranges;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Backfills by key: the key space is cut at marks when a pass begins, and the interval between two marks is to ranges, batches and
/// progress what a block is to a backfill by blocks. The marks stay until the migration's batches are removed, for its verifications.
/// </summary>
internal static class KeyRanges
{
    /// <summary>The most intervals of a batch: 100,000 rows, however fast they are written.</summary>
    public const long MostIntervals = 200;

    // From here on passing a block so often does by itself most of what four sweeps would. A judgement, not a measurement.
    private const double MostVisitsWithoutSweeps = 3;

    /// <summary>A key in the target side's words; none for blocks.</summary>
    public static IReadOnlyList<TargetKeyColumn> ToTarget(IReadOnlyList<KeyColumn>? key) =>
        [.. (key ?? []).Select(static column => new TargetKeyColumn(column.Name, column.Type))];

    /// <summary>Cuts the key space for a pass, or goes on where that was broken off, and removes the marks of older passes.</summary>
    /// <returns>How many intervals there are.</returns>
    /// <exception cref="KeyUnusableException">The key is none any more.</exception>
    /// <exception cref="TableVanishedException">The table is gone.</exception>
    public static async Task<long> MarkAsync(
        StepRun run, PlanStep.Backfill backfill, TargetShard shard, int pass, CancellationToken cancellationToken)
    {
        await CheckAsync(backfill, shard, cancellationToken);
        await KeyMarks.ForgetOlderAsync(shard.DataSource, run.Migration, backfill.Id, pass, cancellationToken);
        return await KeyMarks.WalkAsync(
            shard.DataSource,
            run.Migration,
            backfill.Id,
            pass,
            new TableName(backfill.Table.Schema, backfill.Table.Name),
            ToTarget(backfill.Key),
            marks => run.Activity.SayAsync(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"cutting {backfill.Table} into ranges of its key on shard '{shard.Name}': {marks * KeyMarks.KeysPerMark} rows so far"),
                cancellationToken),
            cancellationToken);
    }

    /// <summary>
    /// The cell of a pass that goes over the table in sweeps (<see cref="BlockSweeps"/>), 0 for one that does not: where the rows lie in
    /// another order, each block is met by many batches anyway, long enough after one another.
    /// </summary>
    /// <param name="run">The run.</param>
    /// <param name="backfill">A backfill by key.</param>
    /// <param name="shard">The shard.</param>
    /// <param name="pass">The pass, with its marks.</param>
    /// <param name="intervals">How many intervals there are.</param>
    /// <param name="fromBlocks">The fewest blocks of a table that is swept.</param>
    /// <param name="cancellationToken">Breaks it off.</param>
    public static async Task<long> CellAsync(
        StepRun run, PlanStep.Backfill backfill, TargetShard shard, int pass, long intervals, long fromBlocks, CancellationToken cancellationToken)
    {
        var spread = await KeySpread.MeasureAsync(
            shard.DataSource,
            run.Migration,
            backfill.Id,
            pass,
            intervals,
            new TableName(backfill.Table.Schema, backfill.Table.Name),
            ToTarget(backfill.Key),
            cancellationToken);
        return spread.VisitsPerBlock(intervals) > MostVisitsWithoutSweeps ? 0 : BlockSweeps.CellOf(intervals, spread.Blocks, fromBlocks);
    }

    /// <summary>Whether the target has the marks of a pass: a failover can have lost the newest.</summary>
    public static async Task<bool> AreMarkedAsync(
        StepRun run, PlanStep.Backfill backfill, TargetShard shard, BackfillRow row, CancellationToken cancellationToken)
    {
        var marks = await KeyMarks.CountAsync(shard.DataSource, run.Migration, backfill.Id, row.Pass, row.TotalBlocks, cancellationToken);
        return marks == row.TotalBlocks;
    }

    /// <summary>Looks whether the key still is one, and in the order in which its index was built.</summary>
    /// <exception cref="KeyUnusableException">It is not.</exception>
    /// <exception cref="TableVanishedException">The table is gone.</exception>
    public static async Task CheckAsync(PlanStep.Backfill backfill, TargetShard shard, CancellationToken cancellationToken)
    {
        var table = await CatalogReader.ReadTableAsync(
                shard.DataSource, backfill.Table.Schema, backfill.Table.Name, cancellationToken)
            ?? throw new TableVanishedException(backfill.Table);
        if (RangeKey.Recheck(CatalogMapping.ToDomain(table), backfill.Key!) is { } defect)
        {
            throw new KeyUnusableException(shard.Name, defect);
        }
    }
}

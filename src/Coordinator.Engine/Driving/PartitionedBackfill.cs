using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.EventStore;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Fills a partitioned table partition by partition, each a backfill of its own. Partitions that are attached meanwhile
/// get their turn; one that is dropped or detached is left, since its rows are no longer the table's.
/// </summary>
internal sealed class PartitionedBackfill(IEventStore store, BackfillControl control)
{
    private static readonly RequestContext Driver = new("coordinator");

    /// <param name="run">The step of the whole table.</param>
    /// <param name="backfill">The same.</param>
    /// <param name="fill">Fills one table, also one that is filled already.</param>
    /// <param name="cancellationToken">Ends the waiting.</param>
    public async Task<StepOutcome> RunAsync(
        StepRun run,
        PlanStep.Backfill backfill,
        Func<StepRun, PlanStep.Backfill, CancellationToken, Task<StepOutcome>> fill,
        CancellationToken cancellationToken)
    {
        var filled = new HashSet<TableRef>();
        var evidence = new Dictionary<string, string>();
        while ((await LeavesAsync(run, backfill, cancellationToken)).FirstOrDefault(leaf => !filled.Contains(leaf)) is { } next)
        {
            var outcome = await FillAsync(run, backfill.ForPartition(next), fill, cancellationToken);
            filled.Add(next);
            if (outcome is StepOutcome.Completed completed)
            {
                Add(evidence, completed.Evidence);
            }
            else if ((await LeavesAsync(run, backfill, cancellationToken)).Contains(next))
            {
                return outcome;
            }
            else
            {
                await AbandonAsync(run, backfill.ForPartition(next), cancellationToken);
            }
        }

        evidence["partitions"] = filled.Count.ToString(System.Globalization.CultureInfo.InvariantCulture);
        return new StepOutcome.Completed(evidence);
    }

    private static async Task<StepOutcome> FillAsync(
        StepRun run,
        PlanStep.Backfill leaf,
        Func<StepRun, PlanStep.Backfill, CancellationToken, Task<StepOutcome>> fill,
        CancellationToken cancellationToken)
    {
        try
        {
            return await fill(run with { Step = leaf }, leaf, cancellationToken);
        }
        catch (TableVanishedException vanished)
        {
            return new StepOutcome.Failed("CATALOGUE_DRIFT", vanished.Message, "Restore it, or run 'coordinator rollback'.");
        }
    }

    private static async Task<IReadOnlyList<TableRef>> LeavesAsync(
        StepRun run, PlanStep.Backfill backfill, CancellationToken cancellationToken)
    {
        var leaves = new List<TableRef>();
        foreach (var shard in run.Target.Shards)
        {
            leaves.AddRange(await Partitions.OfAsync(shard, backfill.Table, cancellationToken));
        }

        return [.. leaves.Distinct()];
    }

    private async Task AbandonAsync(StepRun run, PlanStep.Backfill leaf, CancellationToken cancellationToken)
    {
        var (rows, batches) = await LedgerSum.OfAsync(run, leaf.Id, cancellationToken);
        await new ProgressEvents(store, Driver, run.Migration, leaf.Id).FinishAsync(
            rows, batches, session => control.EnlistAbandon(session, run.Migration, leaf.Id), cancellationToken);
    }

    private static void Add(Dictionary<string, string> sums, IReadOnlyDictionary<string, string> evidence)
    {
        foreach (var (key, value) in evidence)
        {
            sums[key] = long.TryParse(value, out var number) && long.TryParse(sums.GetValueOrDefault(key, "0"), out var sum)
                ? (sum + number).ToString(System.Globalization.CultureInfo.InvariantCulture)
                : value;
        }
    }
}

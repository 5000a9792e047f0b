using Coordinator.Engine.Targets;
using Coordinator.Postgres.Ledger;

namespace Coordinator.Engine.Driving;

/// <summary>What the ledgers of all shards say of a backfill together.</summary>
internal static class LedgerSum
{
    public static async Task<(long Rows, long Batches)> OfAsync(StepRun run, string step, CancellationToken cancellationToken)
    {
        long rows = 0;
        long batches = 0;
        foreach (var shard in run.Target.Shards)
        {
            try
            {
                var summary = await LedgerReader.SummaryAsync(shard.DataSource, run.Migration, step, cancellationToken);
                rows += summary.RowsDone;
                batches += summary.BatchesDone;
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return (rows, batches);
    }
}

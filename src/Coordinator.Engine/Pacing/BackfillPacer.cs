using Coordinator.Domain.Backfills;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Coordinator.Engine.Pacing;

/// <summary>
/// Paces one backfill for as long as its driver runs it: twice a second it adds up what was reported, looks at the load of every
/// shard, and puts into force what the next grants may be. When it ends, what is in force goes out of date by itself, and nothing
/// more is granted until the next driver looks.
/// </summary>
internal sealed class BackfillPacer(PaceStore store, EngineOptions options, TimeProvider time, PaceTelemetry telemetry, ILogger logger)
{
    /// <summary>Runs until the token is cancelled, and then returns without an exception.</summary>
    public async Task RunAsync(StepRun run, PlanStep.Backfill backfill, CancellationToken cancellationToken)
    {
        var shards = run.Target.Shards.ToDictionary(
            shard => shard.Name,
            shard => new ShardPacer(
                shard,
                run.Target,
                backfill.Table.Sql,
                options,
                backfill.Key is null ? BatchSize.MaxBlocks : KeyRanges.MostIntervals,
                new BatchSlowdown()),
            StringComparer.Ordinal);
        using var timer = new PeriodicTimer(options.PaceInterval, time);
        try
        {
            do
            {
                try
                {
                    await LookAsync(run.Migration, backfill.Id, shards, cancellationToken);
                }
                catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
                {
                    // The coordination database is away for a moment; without it nothing is granted either.
                    DrivingLog.Stumbled(logger, exception, run.Migration);
                }
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The step has ended.
        }
    }

    private async Task LookAsync(
        string migration, string step, Dictionary<string, ShardPacer> shards, CancellationToken cancellationToken)
    {
        var sums = await store.SumAsync(migration, step, cancellationToken);
        // Side by side: one shard that does not answer must not make the others wait.
        await Task.WhenAll(sums.Where(sum => shards.ContainsKey(sum.Shard)).Select(async sum =>
        {
            var decision = await shards[sum.Shard].DecideAsync(sum, cancellationToken);
            await store.WriteAsync(migration, step, decision, cancellationToken);
            telemetry.Record(migration, step, sum, decision);
        }));
    }
}

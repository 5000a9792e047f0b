using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Quarantine;
using Coordinator.Postgres.Verification;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Coordinator.Engine.Verification;

/// <summary>
/// Makes one pass over a verify step: every block of its tables on every shard, several ranges at once, as the load allows. How far it
/// is stands in the coordination database while it runs, and what it found when it ends. A pass that is broken off, by a pause or by
/// the end of its replica, is begun anew, since what it had read says nothing about the time it did not watch; so is one during which
/// the table, its partitions or its trigger were changed, since rows may have been moved past it.
/// </summary>
internal sealed class StepVerifier(
    CoordinationDatabase database, VerificationStore store, EngineOptions options, TimeProvider time, ILogger logger)
{
    private const int MostTries = 6;
    private static readonly TimeSpan ReportInterval = TimeSpan.FromSeconds(1);

    /// <summary>Runs to the end.</summary>
    /// <param name="run">The migration, with the shards to look at.</param>
    /// <param name="step">The step.</param>
    /// <param name="say">Is told in words how far it is, about once a second; null when nobody listens.</param>
    /// <param name="cancellationToken">Ends the pass at once, in its statements too.</param>
    public Task<VerificationResult> RunAsync(
        StepRun run, PlanStep.Verify step, Func<string, CancellationToken, Task>? say, CancellationToken cancellationToken) =>
        RunAsync(run, step, repair: null, say, cancellationToken);

    /// <summary>The same, and brings the rows in sync that it finds to differ; those that still do count.</summary>
    public async Task<VerificationResult> RunAsync(
        StepRun run,
        PlanStep.Verify step,
        StepRepair? repair,
        Func<string, CancellationToken, Task>? say,
        CancellationToken cancellationToken)
    {
        var id = Guid.CreateVersion7();
        await store.BeginAsync(id, run.Migration, step.Id, step.Table.ToString(), cancellationToken);
        try
        {
            while (true)
            {
                var began = time.GetTimestamp();
                var before = await VerificationEvidence.ReadAsync(run.Plan, step, run.Target.Shards, cancellationToken);
                var tally = await ReadAsync(id, run, step, repair, say, cancellationToken);
                var after = await VerificationEvidence.ReadAsync(run.Plan, step, run.Target.Shards, cancellationToken);
                if (after.IsSameAs(before.ToJson()))
                {
                    var result = new VerificationResult(
                        tally.Differences, tally.Examples, tally.TotalBlocks, time.GetElapsedTime(began),
                        after with { Guarded = before.Guarded && after.Guarded });
                    await store.FinishAsync(id, run.Migration, step.Id, result, cancellationToken);
                    return result;
                }

                if (say is not null)
                {
                    await say($"verifying {step.Table} from its beginning: it was rewritten, or its partitions or triggers changed", cancellationToken);
                }
            }
        }
        catch (Exception)
        {
            await BreakOffAsync(id);
            throw;
        }
    }

    private async Task<VerificationTally> ReadAsync(
        Guid id,
        StepRun run,
        PlanStep.Verify step,
        StepRepair? repair,
        Func<string, CancellationToken, Task>? say,
        CancellationToken cancellationToken)
    {
        var tally = new VerificationTally();
        var throttles = run.Target.Shards.Select(shard => new VerificationThrottle(run, step, shard, database, options, time, logger)).ToList();
        // What fails on one shard ends the others; the first failure is the one that is told.
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var reporting = ReportAsync(id, step, tally, throttles, say, ending.Token);
        try
        {
            await Task.WhenAll(run.Target.Shards.Zip(throttles, (shard, throttle) =>
                OrEndAsync(ShardAsync(new VerificationRanges(run.Migration, shard, step, repair, options.VerificationSecondLook, time),
                    run.Migration, step, shard, throttle, tally, ending.Token), ending)));
        }
        finally
        {
            await ending.CancelAsync();
            await reporting;
        }

        return tally;
    }

    private async Task ShardAsync(
        VerificationRanges ranges,
        string migration,
        PlanStep.Verify step,
        TargetShard shard,
        VerificationThrottle throttle,
        VerificationTally tally,
        CancellationToken cancellationToken)
    {
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        try
        {
            tally.Measured(await ranges.MeasureAsync(cancellationToken));
            var looking = throttle.RunAsync(ending.Token);
            try
            {
                var found = await RangesAsync(shard, ranges, throttle, tally, cancellationToken);
                // A query of the operator's own can't be told which rows are known: only what goes beyond their number is news.
                if (found > 0 && step.CountQuery is not null)
                {
                    var known = await QuarantineTable.CountAsync(shard.DataSource, migration, step: null, cancellationToken);
                    tally.Known(Math.Min(found, known.Total));
                }
            }
            finally
            {
                await ending.CancelAsync();
                await looking;
            }
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }
    }

    private async Task<long> RangesAsync(
        TargetShard shard, VerificationRanges ranges, VerificationThrottle throttle, VerificationTally tally, CancellationToken cancellationToken)
    {
        long found = 0;
        await Parallel.ForEachAsync(
            ranges.All(),
            new ParallelOptions { MaxDegreeOfParallelism = options.VerificationParallelism, CancellationToken = cancellationToken },
            async (range, token) =>
            {
                using var turn = await throttle.EnterAsync(token);
                var report = await LookAsync(range, token);
                Interlocked.Add(ref found, report.Count);
                tally.Read(shard.Name, range, report);
            });
        return found;
    }

    // A target that is away for a moment must not throw hours of reading away.
    private async Task<DisagreementReport> LookAsync(VerificationRange range, CancellationToken cancellationToken)
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(250), TimeSpan.FromSeconds(8));
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                return await range.LookAsync(cancellationToken);
            }
            catch (Exception exception) when (attempt < MostTries && TargetUnavailableException.Means(exception))
            {
                await Task.Delay(backoff.Next(), time, cancellationToken);
            }
        }
    }

    private async Task ReportAsync(
        Guid id,
        PlanStep.Verify step,
        VerificationTally tally,
        IReadOnlyList<VerificationThrottle> throttles,
        Func<string, CancellationToken, Task>? say,
        CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(ReportInterval, time);
        try
        {
            while (await timer.WaitForNextTickAsync(cancellationToken))
            {
                try
                {
                    var held = throttles.FirstOrDefault(throttle => throttle.Held.Length > 0)?.Held ?? "";
                    await store.ProgressAsync(id, tally, held, cancellationToken);
                    if (say is not null)
                    {
                        await say(VerificationText.Progress(step.Table.ToString(), tally, held), cancellationToken);
                    }
                }
                catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
                {
                    // The coordination database is away for a moment; the next report says the same and more.
                    DrivingLog.Stumbled(logger, exception, step.Id);
                }
            }
        }
        catch (OperationCanceledException)
        {
            // The pass has ended.
        }
    }

    private static async Task OrEndAsync(Task part, CancellationTokenSource ending)
    {
        try
        {
            await part;
        }
        catch (Exception)
        {
            await ending.CancelAsync();
            throw;
        }
    }

    private async Task BreakOffAsync(Guid id)
    {
        try
        {
            await store.BreakOffAsync(id, CancellationToken.None);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            // Then it looks as if it ran, until the next one begins.
            DrivingLog.HousekeepingFailed(logger, exception);
        }
    }
}

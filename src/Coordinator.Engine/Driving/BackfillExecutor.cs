using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Pacing;
using Coordinator.EventStore;
using Coordinator.EventStore.Listening;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Opens a backfill for the workers and waits until it is done, according to the target's own ledger. It keeps the
/// grants in step with the target: a rewritten table restarts the pass, another timeline has its batches checked again.
/// </summary>
internal sealed class BackfillExecutor(
    IEventStore store,
    BackfillControl control,
    BackfillOpening opening,
    BackfillAudit audit,
    PartitionedBackfill partitions,
    BackfillPacer pacer,
    HandlerOffers offers,
    BackfillBreaker breaker,
    AppendListener appended)
    : IStepExecutor
{
    private static readonly TimeSpan LookInterval = TimeSpan.FromMilliseconds(500);
    private static readonly RequestContext Driver = new("coordinator");

    public Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var backfill = (PlanStep.Backfill)run.Step;
        return backfill.PerPartition
            ? partitions.RunAsync(run, backfill, RunTableAsync, cancellationToken)
            : backfill.Key is null ? RunTableAsync(run, backfill, cancellationToken)
            : RunByKeyAsync(run, backfill, cancellationToken);
    }

    private async Task<StepOutcome> RunByKeyAsync(StepRun run, PlanStep.Backfill backfill, CancellationToken cancellationToken)
    {
        try
        {
            return await RunTableAsync(run, backfill, cancellationToken);
        }
        catch (KeyUnusableException unusable)
        {
            await control.PauseRowsAsync(run.Migration, cancellationToken);
            return new StepOutcome.Failed(
                unusable.Defect.Code, unusable.Message, $"{unusable.Defect.Remedy} Then run 'coordinator retry {run.Migration}'.");
        }
    }

    private async Task<StepOutcome> RunTableAsync(StepRun run, PlanStep.Backfill backfill, CancellationToken cancellationToken)
    {
        var progressEvents = new ProgressEvents(store, Driver, run.Migration, backfill.Id);
        await opening.OpenAsync(run, backfill, cancellationToken);
        using var ending = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var pacing = pacer.RunAsync(run, backfill, ending.Token);
        try
        {
            return await FollowAsync(run, backfill, progressEvents, cancellationToken);
        }
        finally
        {
            await ending.CancelAsync();
            await pacing;
        }
    }

    private async Task<StepOutcome> FollowAsync(
        StepRun run, PlanStep.Backfill backfill, ProgressEvents progressEvents, CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = appended.Current;
            var progress = await ProgressAsync(run, backfill, cancellationToken);
            if ((await audit.FixAsync(run, backfill, cancellationToken)
                ?? await breaker.CheckAsync(run, backfill, progress, progressEvents, cancellationToken)) is { } failed)
            {
                // Nothing is granted while the step has failed; a retry opens it again.
                await control.PauseRowsAsync(run.Migration, cancellationToken);
                return failed;
            }

            progress = await ProgressAsync(run, backfill, cancellationToken);
            await progressEvents.HeldAsync(FullDisk.Of(progress), progress.DoneBlocks, cancellationToken);
            await run.Activity.SayAsync(await WordsAsync(run, backfill, progress, cancellationToken), cancellationToken);
            if (await control.IsCarvedAndDoneAsync(run.Migration, backfill.Id, cancellationToken)
                && await audit.AgreesWithLedgerAsync(run, backfill, cancellationToken))
            {
                return await FinishAsync(run, backfill, progressEvents, cancellationToken);
            }

            await progressEvents.SayAsync(progress, cancellationToken);
            await appended.WaitAsync(seen, LookInterval, cancellationToken);
        }
    }

    private async Task<StepOutcome> FinishAsync(
        StepRun run, PlanStep.Backfill backfill, ProgressEvents events, CancellationToken cancellationToken)
    {
        var (rows, batches) = await LedgerSum.OfAsync(run, backfill.Id, cancellationToken);
        var bad = await BackfillBreaker.CountAsync(run, backfill.Id, cancellationToken);
        await events.TellQuarantinedAsync(bad.Total, bad.Example?.Message ?? "", cancellationToken);
        await events.FinishAsync(
            rows, batches, session => control.EnlistFinish(session, run.Migration, backfill.Id), cancellationToken);
        return StepOutcome.Done(("rows", rows), ("batches", batches), ("rows_quarantined", bad.Total), ("source", "the target's ledger"));
    }

    private async Task<BackfillProgress> ProgressAsync(
        StepRun run, PlanStep.Backfill backfill, CancellationToken cancellationToken) =>
        (await control.ProgressAsync(run.Migration, cancellationToken)).Single(progress => progress.Step == backfill.Id);

    private static string Where(BackfillProgress progress, BackfillPace pace) =>
        progress.Paces.Count > 1 ? $"shard '{pace.Shard}': " : "";

    private async Task<string> WordsAsync(
        StepRun run, PlanStep.Backfill backfill, BackfillProgress progress, CancellationToken cancellationToken)
    {
        var percent = progress.TotalBlocks == 0 ? 100 : 100.0 * progress.DoneBlocks / progress.TotalBlocks;
        var state = progress.DoneBlocks == progress.TotalBlocks ? ""
            : progress.Paces.FirstOrDefault(pace => pace.Signal.Length > 0) is { } held ? $"; {Where(progress, held)}{held.Message}"
            : progress.Leased > 0 ? ""
            : backfill.Handler is { } handler
                && !await offers.AnyAsync(run.Plan.Spec.Target, handler, run.Migration, cancellationToken)
                ? $", no worker offers handler {handler}: start one for this target that registers it"
            : ", no worker holds a batch: start one for this target";
        return string.Create(
            System.Globalization.CultureInfo.InvariantCulture,
            $"backfilling: {percent:0} % of the table, {progress.Rows} rows written{state}");
    }
}

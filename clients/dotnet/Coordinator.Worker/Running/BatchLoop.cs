using Coordinator.V1;
using Coordinator.Worker.Batches;
using Coordinator.Worker.Leases;
using Coordinator.Worker.Reporting;
using Microsoft.Extensions.Logging;

namespace Coordinator.Worker.Running;

/// <summary>Runs one batch after the other. A worker has as many of these as batches may run at the same time.</summary>
internal sealed class BatchLoop(
    IBatchRunner runner,
    WorkerSettings settings,
    LeaseBook book,
    PrefetchDepth depth,
    BatchReporter reporter,
    FailureBackoff failures,
    TimeProvider timeProvider,
    ILogger logger)
{
    /// <summary>Ends when the worker stops and the batch that was running then has ended.</summary>
    /// <param name="stopping">No further batch is started.</param>
    /// <param name="aborting">The batch that is running is cancelled.</param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken aborting)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                var changed = book.Changed.Next;
                if (failures.Pause is { } pause)
                {
                    await Task.Delay(pause, timeProvider, stopping).ConfigureAwait(false);
                }
                else if (book.TakeNext() is { } lease)
                {
                    await RunAsync(lease, aborting).ConfigureAwait(false);
                    if (lease.Batch.Pause?.ToTimeSpan() is { } between && between > TimeSpan.Zero)
                    {
                        // The operator's wish; what waits in the book is renewed meanwhile.
                        await Task.Delay(between, timeProvider, stopping).ConfigureAwait(false);
                    }
                }
                else
                {
                    await changed.WaitAsync(stopping).ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Nothing was running.
        }
    }

    private async Task RunAsync(HeldLease held, CancellationToken aborting)
    {
        var lease = held.Batch;
        if (!runner.Knows(lease))
        {
            failures.Failed();
            book.Forget(held);
            GiveBack(lease, ReleaseReason.UnknownTarget, $"This worker has no connection to shard '{lease.Token.Shard}' "
                + $"of target '{lease.Target}'. Give it one, or leave the target out.");
            return;
        }

        // Looked at last: everything above may have taken time.
        if (!book.MayStart(held, settings.StartMargin))
        {
            book.Forget(held);
            GiveBack(lease, ReleaseReason.LeaseExpired, "The lease was over before the batch could be started.");
            return;
        }

        var startedAt = timeProvider.GetTimestamp();
        try
        {
            var outcome = await RunToItsEndAsync(held, aborting).ConfigureAwait(false);
            var elapsed = timeProvider.GetElapsedTime(startedAt);
            WorkerTelemetry.BatchEnded(outcome, elapsed);
            if (outcome is BatchOutcome.Committed)
            {
                depth.Took(elapsed);
            }

            // Forgotten first: a worker that has nothing left reports without waiting for more.
            book.Forget(held);
            Report(lease, outcome);
        }
        catch (OperationCanceledException) when (aborting.IsCancellationRequested)
        {
            book.Forget(held);
            GiveBack(lease, ReleaseReason.WorkerStopping, "The worker stopped before the batch had ended.");
        }
        catch (OperationCanceledException)
        {
            book.Forget(held);
            GiveBack(lease, ReleaseReason.LeaseExpired, "The lease ended while the handler ran; nothing was committed.");
        }
    }

    /// <summary>Only a handler is watched: a statement's end is decided by the target, and comes soon by its timeouts.</summary>
    private async Task<BatchOutcome> RunToItsEndAsync(HeldLease held, CancellationToken aborting)
    {
        if (BatchHandler.Of(held.Batch).Length == 0)
        {
            return await runner.RunAsync(held.Batch, CancellationToken.None, aborting).ConfigureAwait(false);
        }

        var watch = new LeaseWatch(book, held, timeProvider);
        await using (watch.ConfigureAwait(false))
        {
            return await runner.RunAsync(held.Batch, watch.Ended, aborting).ConfigureAwait(false);
        }
    }

    private void Report(BatchLease lease, BatchOutcome outcome)
    {
        if (OutcomeReport.Receipt(lease, outcome) is { } receipt)
        {
            failures.Succeeded();
            reporter.Done(receipt);
            return;
        }

        var release = OutcomeReport.Release(lease, outcome);
        WorkerLog.BatchNotRun(
            logger, lease.Token.Migration, lease.Token.Step, lease.Token.Batch, release.Reason, release.SqlState, release.Message);
        reporter.GiveBack(release);
        if (outcome is BatchOutcome.Superseded)
        {
            // Somebody else runs it; the target itself is well.
            return;
        }

        failures.Failed();
        if (outcome is BatchOutcome.FenceMoved)
        {
            GiveBackAllOf(lease);
        }
    }

    /// <summary>All leases of the old generation are worth nothing now.</summary>
    private void GiveBackAllOf(BatchLease stale)
    {
        var others = book.TakeWaiting(other => other.Token.Migration == stale.Token.Migration
            && other.Token.Shard == stale.Token.Shard && other.Generation == stale.Generation);
        foreach (var other in others)
        {
            GiveBack(other.Batch, ReleaseReason.FenceMoved, "The fence has moved since the batch was granted.");
        }
    }

    private void GiveBack(BatchLease lease, string reason, string message)
    {
        WorkerLog.BatchNotRun(
            logger, lease.Token.Migration, lease.Token.Step, lease.Token.Batch, reason, "", message);
        reporter.GiveBack(OutcomeReport.Release(lease, reason, message));
    }
}

using Coordinator.Client;
using Coordinator.V1;
using Coordinator.Worker.Running;
using Microsoft.Extensions.Logging;

namespace Coordinator.Worker.Leases;

/// <summary>
/// Keeps a few leases at hand. A request that was not answered is sent again with the same id, so that what it may have
/// brought is not held by nobody until it runs out; its leases are then counted from when it was sent first.
/// </summary>
internal sealed class LeaseAcquisition(
    CoordinatorClient client,
    WorkerSettings settings,
    LeaseBook book,
    PrefetchDepth depth,
    FailureBackoff failures,
    TimeProvider timeProvider,
    ILogger logger)
{
    /// <summary>Leases of an older request would be as good as over; asking anew costs no more than waiting for them.</summary>
    private static readonly TimeSpan LongestRepetition = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan IdlePause = TimeSpan.FromSeconds(1);

    private AcquireBatchesRequest? _unanswered;
    private long _sentAt;

    /// <summary>Ends when the worker stops.</summary>
    /// <param name="stopping">No further request is sent.</param>
    /// <param name="aborting">
    /// The request that is running is given up. Until then its answer is waited for: its leases can be given back, while
    /// those of a request that was cut off are held by nobody until they run out.
    /// </param>
    public async Task RunAsync(CancellationToken stopping, CancellationToken aborting)
    {
        try
        {
            while (!stopping.IsCancellationRequested)
            {
                DropStaleRequest();
                var changed = book.Changed.Next;
                var ahead = depth.Batches;
                var wanted = settings.Parallelism + ahead - book.Held;
                if (failures.Pause is { } pause)
                {
                    await Task.Delay(pause, timeProvider, stopping).ConfigureAwait(false);
                }
                else if (_unanswered is null && (wanted <= 0 || book.Waiting > ahead / 2))
                {
                    await changed.WaitAsync(stopping).ConfigureAwait(false);
                }
                else if (await AskAsync(wanted, aborting).ConfigureAwait(false) is { } idle)
                {
                    await Task.Delay(idle * (0.75 + (0.5 * settings.Jitter())), timeProvider, stopping)
                        .ConfigureAwait(false);
                }
            }
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Whatever a request without an answer may have brought runs out by itself.
        }
    }

    /// <returns>How long to wait before asking again; null when there was something.</returns>
    private async Task<TimeSpan?> AskAsync(int wanted, CancellationToken aborting)
    {
        if (_unanswered is null)
        {
            _unanswered = NewRequest(wanted);
            _sentAt = timeProvider.GetTimestamp();
        }

        try
        {
            using var call = client.Workers.AcquireBatchesAsync(_unanswered, cancellationToken: aborting);
            var response = await call.ResponseAsync.ConfigureAwait(false);
            _unanswered = null;
            book.Add(response.Leases, _sentAt);
            return response.Leases.Count > 0 ? null : response.RetryDelay?.ToTimeSpan() ?? IdlePause;
        }
        catch (CoordinatorException exception)
        {
            WorkerLog.AcquireFailed(logger, exception.Reason, exception.Message);
            return exception.RetryAfter ?? RetryPause;
        }
    }

    private void DropStaleRequest()
    {
        if (_unanswered is not null && timeProvider.GetElapsedTime(_sentAt) > LongestRepetition)
        {
            _unanswered = null;
        }
    }

    private AcquireBatchesRequest NewRequest(int wanted)
    {
        var request = new AcquireBatchesRequest
        {
            Worker = settings.WorkerId,
            MaxBatchCount = wanted,
            Migration = settings.Migration,
            Parallelism = settings.Parallelism,
            RequestId = Guid.CreateVersion7().ToString(),
        };
        request.Targets.AddRange(settings.Targets);
        request.Handlers.AddRange(settings.Handlers);
        return request;
    }
}

using Coordinator.Client;
using Coordinator.V1;
using Coordinator.Worker.Leases;
using Grpc.Core;
using Microsoft.Extensions.Logging;

namespace Coordinator.Worker.Reporting;

/// <summary>
/// Tells the coordinator what became of batches, many in one call. A report is kept until it was taken or refused; if it
/// is lost with this process, the coordinator finds the batch in the target's ledger.
/// </summary>
internal sealed class BatchReporter(
    CoordinatorClient client, WorkerSettings settings, LeaseBook book, TimeProvider timeProvider, ILogger logger)
{
    private const int MostPerCall = 500;
    private const int WorthACall = 50;

    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private readonly List<BatchReceipt> _receipts = [];
    private readonly List<BatchRelease> _releases = [];
    private readonly Signal _changed = new();
    private long _since;
    private bool _closed;

    /// <summary>How many reports have not been taken yet.</summary>
    public int Pending
    {
        get
        {
            lock (_lock)
            {
                return _receipts.Count + _releases.Count;
            }
        }
    }

    public void Done(BatchReceipt receipt) => Add(_receipts, receipt);

    public void GiveBack(BatchRelease release) => Add(_releases, release);

    /// <summary>Nothing more will be reported: what there is goes out at once, and then <see cref="RunAsync"/> ends.</summary>
    public void Close()
    {
        lock (_lock)
        {
            _closed = true;
        }

        _changed.Raise();
    }

    /// <summary>Ends when it is closed and everything was told, or by its token.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var changed = _changed.Next;
            var wait = Wait();
            if (wait is null)
            {
                return;
            }

            if (wait > TimeSpan.Zero)
            {
                var bound = wait == TimeSpan.MaxValue ? null : wait;
                await Signal.WaitAsync(changed, bound, timeProvider, cancellationToken).ConfigureAwait(false);
                continue;
            }

            if (!await FlushAsync(cancellationToken).ConfigureAwait(false))
            {
                await Task.Delay(RetryPause * (0.5 + settings.Jitter()), timeProvider, cancellationToken)
                    .ConfigureAwait(false);
            }
        }
    }

    /// <returns>How long to collect on; the greatest value while there is nothing; null when there never will be.</returns>
    private TimeSpan? Wait()
    {
        var idle = book.Held == 0;
        lock (_lock)
        {
            var pending = _receipts.Count + _releases.Count;
            if (pending == 0)
            {
                return _closed ? null : TimeSpan.MaxValue;
            }

            var left = settings.ReportDelay - timeProvider.GetElapsedTime(_since);
            return idle || _closed || pending >= WorthACall || left <= TimeSpan.Zero ? TimeSpan.Zero : left;
        }
    }

    private async Task<bool> FlushAsync(CancellationToken cancellationToken) =>
        await FlushAsync(_receipts, CompleteAsync, cancellationToken).ConfigureAwait(false)
        && await FlushAsync(_releases, ReleaseAsync, cancellationToken).ConfigureAwait(false);

    /// <returns>False when the coordinator could not be told.</returns>
    private async Task<bool> FlushAsync<T>(
        List<T> pending, Func<IReadOnlyList<T>, CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        List<T> reports;
        lock (_lock)
        {
            reports = [.. pending.Take(MostPerCall)];
        }

        if (reports.Count == 0)
        {
            return true;
        }

        try
        {
            if (!await TrySendAsync(reports, send, cancellationToken).ConfigureAwait(false))
            {
                // One of them is refused. The others must not be held up by it.
                foreach (var report in reports)
                {
                    await TrySendAsync([report], send, cancellationToken).ConfigureAwait(false);
                }
            }
        }
        catch (CoordinatorException exception)
        {
            WorkerLog.ReportFailed(logger, reports.Count, exception.Reason, exception.Message);
            return false;
        }

        lock (_lock)
        {
            pending.RemoveRange(0, reports.Count);
        }

        return true;
    }

    /// <returns>False when the coordinator refuses the reports; sending them again would not help.</returns>
    private async Task<bool> TrySendAsync<T>(
        List<T> reports, Func<IReadOnlyList<T>, CancellationToken, Task> send, CancellationToken cancellationToken)
    {
        try
        {
            await send(reports, cancellationToken).ConfigureAwait(false);
            return true;
        }
        catch (CoordinatorException exception) when (exception.StatusCode is StatusCode.NotFound
            or StatusCode.InvalidArgument or StatusCode.FailedPrecondition or StatusCode.Aborted)
        {
            if (reports.Count == 1)
            {
                WorkerLog.ReportRefused(logger, exception.Reason, exception.Message);
            }

            return reports.Count == 1;
        }
    }

    private async Task CompleteAsync(IReadOnlyList<BatchReceipt> receipts, CancellationToken cancellationToken)
    {
        var request = new CompleteBatchesRequest { Worker = settings.WorkerId };
        request.Receipts.AddRange(receipts);
        using var call = client.Workers.CompleteBatchesAsync(request, cancellationToken: cancellationToken);
        await call.ResponseAsync.ConfigureAwait(false);
    }

    private async Task ReleaseAsync(IReadOnlyList<BatchRelease> releases, CancellationToken cancellationToken)
    {
        var request = new ReleaseBatchesRequest { Worker = settings.WorkerId };
        request.Releases.AddRange(releases);
        using var call = client.Workers.ReleaseBatchesAsync(request, cancellationToken: cancellationToken);
        await call.ResponseAsync.ConfigureAwait(false);
    }

    private void Add<T>(List<T> pending, T report)
    {
        lock (_lock)
        {
            if (_receipts.Count + _releases.Count == 0)
            {
                _since = timeProvider.GetTimestamp();
            }

            pending.Add(report);
        }

        _changed.Raise();
    }
}

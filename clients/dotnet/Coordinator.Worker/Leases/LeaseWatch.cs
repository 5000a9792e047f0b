namespace Coordinator.Worker.Leases;

/// <summary>A token that is cancelled when a lease has ended: Coordinator no longer extends it, or its time is over.</summary>
internal sealed class LeaseWatch : IAsyncDisposable
{
    private readonly CancellationTokenSource _ended = new();
    private readonly CancellationTokenSource _stop = new();
    private readonly Task _watching;

    public LeaseWatch(LeaseBook book, HeldLease lease, TimeProvider timeProvider)
    {
        _watching = WatchAsync(book, lease, timeProvider);
    }

    public CancellationToken Ended => _ended.Token;

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync().ConfigureAwait(false);
        await _watching.ConfigureAwait(false);
        _stop.Dispose();
        _ended.Dispose();
    }

    private async Task WatchAsync(LeaseBook book, HeldLease lease, TimeProvider timeProvider)
    {
        try
        {
            while (true)
            {
                var changed = book.Changed.Next;
                if (book.TimeLeft(lease) is not { } left)
                {
                    await _ended.CancelAsync().ConfigureAwait(false);
                    return;
                }

                await Signal.WaitAsync(changed, left, timeProvider, _stop.Token).ConfigureAwait(false);
            }
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // The batch has ended first.
        }
        catch (AggregateException)
        {
            // What the handler registered with its token threw. The token is cancelled all the same.
        }
    }
}

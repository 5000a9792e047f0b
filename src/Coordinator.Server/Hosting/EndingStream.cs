namespace Coordinator.Server.Hosting;

/// <summary>
/// A stream that is open, and its end. <b>Its answers are written with the call's own token, never with this one</b>: gRPC
/// resets a stream whose write is cancelled, and the caller would not get the status that says why it ended.
/// </summary>
internal sealed class EndingStream(CancellationToken call, CancellationToken end) : IDisposable
{
    private readonly CancellationTokenSource _ending = CancellationTokenSource.CreateLinkedTokenSource(call, end);
    private readonly Lock _gate = new();
    private bool _isDisposed;

    /// <summary>Cancelled when the caller goes or the stream is to end: for all that the stream waits for but its writes.</summary>
    public CancellationToken Token => _ending.Token;

    /// <summary>Ends it, if it has not ended; on another thread, since what it waits for goes on at once.</summary>
    public void End()
    {
        lock (_gate)
        {
            _ = _isDisposed ? Task.CompletedTask : _ending.CancelAsync();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            _isDisposed = true;
        }

        _ending.Dispose();
    }
}

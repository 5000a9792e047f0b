namespace Coordinator.Client.Instances;

/// <summary>
/// The lease as this process sees it. Its deadline only ever comes from an acknowledged heartbeat and is counted from
/// when that heartbeat was sent. The timer cancels the token; whether the lease runs is decided by the clock alone, since
/// a timer of a paused process fires late.
/// </summary>
internal sealed class InstanceLease : IDisposable
{
    private readonly TimeProvider _timeProvider;
    private readonly ITimer _timer;
    private readonly Lock _lock = new();
#pragma warning disable CA2213 // Without a timer it holds nothing to dispose, and its callbacks may still have to run.
    private CancellationTokenSource _lost = new();
#pragma warning restore CA2213
    private long _deadline;
    private bool _held;

    public InstanceLease(TimeProvider timeProvider)
    {
        _timeProvider = timeProvider;
        _lost.Cancel();
        _timer = timeProvider.CreateTimer(
            _ => OnDeadline(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    /// <summary>Called once for each lease whose deadline passed, on a timer's thread.</summary>
    public Action? Lapsed { get; set; }

    public bool IsRunning
    {
        get
        {
            lock (_lock)
            {
                return _held && _timeProvider.GetTimestamp() < _deadline;
            }
        }
    }

    public CancellationToken Lost
    {
        get
        {
            lock (_lock)
            {
                return _lost.Token;
            }
        }
    }

    /// <summary>Takes an acknowledgement. One that comes back after its own deadline gives no lease.</summary>
    public void Renew(long sentAt, TimeSpan duration)
    {
        lock (_lock)
        {
            var deadline = sentAt + (long)(duration.TotalSeconds * _timeProvider.TimestampFrequency);
            var remaining = _timeProvider.GetElapsedTime(_timeProvider.GetTimestamp(), deadline);
            if (remaining <= TimeSpan.Zero || (_held && deadline <= _deadline))
            {
                return;
            }

            // The lease may have lapsed with its timer still on the way: whoever holds the old token has to hear of it.
            if (!_held || _timeProvider.GetTimestamp() >= _deadline)
            {
                Cancel(_lost);
                _lost = new CancellationTokenSource();
            }

            _held = true;
            _deadline = deadline;
            _timer.Change(remaining, Timeout.InfiniteTimeSpan);
        }
    }

    /// <summary>Ends the lease now.</summary>
    public void End()
    {
        lock (_lock)
        {
            _held = false;
            _timer.Change(Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
            Cancel(_lost);
        }
    }

    public void Dispose()
    {
        End();
        _timer.Dispose();
    }

    private void OnDeadline()
    {
        lock (_lock)
        {
            if (!_held)
            {
                return;
            }

            var remaining = _timeProvider.GetElapsedTime(_timeProvider.GetTimestamp(), _deadline);
            if (remaining > TimeSpan.Zero)
            {
                _timer.Change(remaining, Timeout.InfiniteTimeSpan);
                return;
            }

            _held = false;
            Cancel(_lost);
        }

        Lapsed?.Invoke();
    }

    /// <summary>
    /// The token is cancelled at once, its callbacks run elsewhere: they are the application's and must neither hold up
    /// the heartbeats nor run under the lock. What they throw is theirs, and is left to the unobserved-exception event.
    /// </summary>
    private static void Cancel(CancellationTokenSource source) => _ = source.CancelAsync();
}

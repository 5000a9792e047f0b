namespace Coordinator.Engine.Applications;

/// <summary>
/// How often instances are told to report: at the configured interval, and less often while renewals take long, so that a database
/// that has too much to do gets less of it. <b>Never less often than three times in a lease</b>, or than configured: whatever is told,
/// one lost heartbeat ends no lease.
/// </summary>
public sealed class HeartbeatPace
{
    private const double Step = 1.5;

    // Waiting for others of the same statement is no sign of load.
    private static readonly TimeSpan ShortestSign = TimeSpan.FromMilliseconds(100);

    private readonly TimeSpan _configured;
    private readonly TimeSpan _longest;
    private readonly TimeSpan _slow;
    private readonly TimeProvider _time;
    private readonly Lock _gate = new();
    private TimeSpan _interval;
    private TimeSpan _slowest;
    private long _since;

    /// <summary>Begins with the configured interval.</summary>
    public HeartbeatPace(EngineOptions options, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(time);
        _configured = options.HeartbeatInterval;
        _longest = options.InstanceLease / 3 > _configured ? options.InstanceLease / 3 : _configured;
        _slow = _configured / 10 > ShortestSign ? _configured / 10 : ShortestSign;
        _time = time;
        _interval = _configured;
        _since = time.GetTimestamp();
    }

    /// <summary>Called with each new interval, by whichever heartbeat brought it about: it has to return at once.</summary>
    public event Action<TimeSpan>? Changed;

    /// <summary>The interval now.</summary>
    public TimeSpan Interval
    {
        get
        {
            lock (_gate)
            {
                return _interval;
            }
        }
    }

    /// <summary>
    /// Takes note of how long a renewal took, waiting included. Once in an interval, when every instance has reported, the slowest one
    /// decides: above a tenth of the configured interval the interval grows by a half, below a twentieth it shrinks as much.
    /// </summary>
    public void Took(TimeSpan renewal)
    {
        TimeSpan changed;
        lock (_gate)
        {
            _slowest = renewal > _slowest ? renewal : _slowest;
            if (_time.GetElapsedTime(_since) < _interval)
            {
                return;
            }

            changed = Next_NeedsLock();
            _since = _time.GetTimestamp();
            _slowest = TimeSpan.Zero;
            if (changed == _interval)
            {
                return;
            }

            _interval = changed;
        }

        Changed?.Invoke(changed);
    }

    private TimeSpan Next_NeedsLock()
    {
        if (_slowest > _slow)
        {
            return _interval * Step < _longest ? _interval * Step : _longest;
        }

        return _slowest > _slow / 2 ? _interval : _interval / Step > _configured ? _interval / Step : _configured;
    }
}

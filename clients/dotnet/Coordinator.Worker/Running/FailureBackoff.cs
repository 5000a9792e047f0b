namespace Coordinator.Worker.Running;

/// <summary>
/// A pause after failures in a row, doubling from one tenth of a second to five seconds. Without it a worker whose target
/// is down would lease and give back one batch after the other, until all of them had failed.
/// </summary>
internal sealed class FailureBackoff(TimeProvider timeProvider, Func<double> jitter)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(5);

    private readonly Lock _lock = new();
    private int _failures;
    private long _until;

    /// <summary>How long to wait before the next batch; null when there is no reason to.</summary>
    public TimeSpan? Pause
    {
        get
        {
            lock (_lock)
            {
                if (_failures == 0)
                {
                    return null;
                }

                var left = timeProvider.GetElapsedTime(timeProvider.GetTimestamp(), _until);
                return left > TimeSpan.Zero ? left : null;
            }
        }
    }

    public void Failed()
    {
        lock (_lock)
        {
            var pause = First * Math.Pow(2, Math.Min(_failures, 10));
            pause = (pause < Longest ? pause : Longest) * (0.5 + (0.5 * jitter()));
            _failures++;
            _until = timeProvider.GetTimestamp() + (long)(pause.TotalSeconds * timeProvider.TimestampFrequency);
        }
    }

    public void Succeeded()
    {
        lock (_lock)
        {
            _failures = 0;
        }
    }
}

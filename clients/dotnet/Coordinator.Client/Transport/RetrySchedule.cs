namespace Coordinator.Client.Transport;

/// <summary>
/// How often a call is sent and how long to wait in between. Another address is tried at once; only after all of them
/// have failed there is a pause, which doubles and is jittered so that clients do not come back in step.
/// </summary>
internal sealed class RetrySchedule(int maxAttempts, int addresses, Func<double> jitter)
{
    private static readonly TimeSpan First = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);

    private readonly int _attempts = Math.Max(maxAttempts, addresses);

    /// <summary>The pause after the given failed attempt, counted from 1; null when there is no further attempt.</summary>
    public TimeSpan? PauseAfter(int attempt)
    {
        if (attempt >= _attempts)
        {
            return null;
        }

        if (attempt < addresses)
        {
            return TimeSpan.Zero;
        }

        var pause = Math.Min(First.TotalMilliseconds * Math.Pow(2, attempt - addresses), Longest.TotalMilliseconds);
        return TimeSpan.FromMilliseconds(pause * (0.5 + (0.5 * jitter())));
    }
}

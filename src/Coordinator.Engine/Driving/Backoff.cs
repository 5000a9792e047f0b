namespace Coordinator.Engine.Driving;

/// <summary>Waits that double up to a bound, with full jitter so that replicas do not march in step.</summary>
internal sealed class Backoff(TimeSpan first, TimeSpan longest)
{
    private const int MaxDoublings = 20;

    private int _misses;

    /// <summary>The next wait.</summary>
    public TimeSpan Next()
    {
        var bound = first * Math.Pow(2, Math.Min(_misses++, MaxDoublings));
        return (bound < longest ? bound : longest) * (0.5 + (Random.Shared.NextDouble() / 2));
    }

    /// <summary>Begins again with the shortest wait.</summary>
    public void Reset() => _misses = 0;
}

namespace Coordinator.FleetBench.Load;

/// <summary>How many were done in which time, and how long each took.</summary>
internal sealed record LoadResult(int Count, TimeSpan Elapsed, IReadOnlyCollection<double> Milliseconds)
{
    public double Rate => Count / Elapsed.TotalSeconds;

    public double P50 => Statistics.Percentile(Milliseconds, 0.5);

    public double P99 => Statistics.Percentile(Milliseconds, 0.99);

    public double Max => Milliseconds.Max();
}

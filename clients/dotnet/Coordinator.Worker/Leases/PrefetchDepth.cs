namespace Coordinator.Worker.Leases;

/// <summary>
/// How many batches wait at a worker beyond those that run: as many as take about half a second, so that short ones do not cost a request
/// each, and long ones do not lie here while another worker has nothing to do.
/// </summary>
/// <param name="parallelism">How many batches run at once.</param>
/// <param name="most">The most that may wait.</param>
internal sealed class PrefetchDepth(int parallelism, int most)
{
    /// <summary>How many wait before anything is known of their time.</summary>
    public const int AtFirst = 4;

    private const double Share = 1.0 / 8;

    private static readonly TimeSpan Ahead = TimeSpan.FromMilliseconds(500);

    private readonly Lock _lock = new();
    private double? _milliseconds;

    /// <summary>How many should wait now; at least one where any may.</summary>
    public int Batches
    {
        get
        {
            lock (_lock)
            {
                return _milliseconds is { } each
                    ? (int)Math.Clamp(Math.Ceiling(parallelism * Ahead.TotalMilliseconds / Math.Max(each, 1)), Math.Min(1, most), most)
                    : Math.Min(AtFirst, most);
            }
        }
    }

    /// <summary>Takes in what a batch took.</summary>
    public void Took(TimeSpan elapsed)
    {
        lock (_lock)
        {
            _milliseconds = _milliseconds is { } before
                ? before + (Share * (elapsed.TotalMilliseconds - before))
                : elapsed.TotalMilliseconds;
        }
    }
}

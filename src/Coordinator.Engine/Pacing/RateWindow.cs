namespace Coordinator.Engine.Pacing;

/// <summary>The rate over the last ten seconds or so, from sums that are seen now and then. Sums may fall: work is done again.</summary>
internal sealed class RateWindow
{
    private static readonly TimeSpan Length = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);

    private readonly Queue<Sum> _sums = new();
    private Sum _last = new(default, 0, 0);

    private sealed record Sum(DateTimeOffset At, long Rows, long Blocks);

    /// <summary>Rows per second; null until two sums lie a second apart.</summary>
    public double? Rows => Per(static (first, last) => last.Rows - first.Rows);

    /// <summary>Blocks per second; null until two sums lie a second apart.</summary>
    public double? Blocks => Per(static (first, last) => last.Blocks - first.Blocks);

    public void Add(DateTimeOffset at, long rows, long blocks)
    {
        _last = new Sum(at, rows, blocks);
        _sums.Enqueue(_last);
        while (_sums.Count > 2 && at - _sums.Peek().At > Length)
        {
            _sums.Dequeue();
        }
    }

    private double? Per(Func<Sum, Sum, long> difference) =>
        _sums.TryPeek(out var first) && _last.At - first.At is var span && span >= Least
            ? Math.Max(0, difference(first, _last)) / span.TotalSeconds
            : null;
}

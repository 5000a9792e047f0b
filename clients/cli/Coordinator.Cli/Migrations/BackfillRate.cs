using Coordinator.V1;

namespace Coordinator.Cli.Migrations;

/// <summary>Rows per second and the time left, from what a watcher has seen in the last half minute.</summary>
internal sealed class BackfillRate(TimeProvider time)
{
    private static readonly TimeSpan Window = TimeSpan.FromSeconds(30);

    private readonly Queue<Sample> _samples = new();

    private sealed record Sample(long At, long Rows, long Blocks);

    public void Observe(Backfill backfill)
    {
        var now = time.GetTimestamp();
        _samples.Enqueue(new Sample(now, backfill.RowCount, backfill.DoneBlockCount));
        while (_samples.Count > 2 && time.GetElapsedTime(_samples.Peek().At, now) > Window)
        {
            _samples.Dequeue();
        }
    }

    /// <summary>Null until two looks at it lie apart.</summary>
    public double? RowsPerSecond => Per(static (first, last) => last.Rows - first.Rows);

    public TimeSpan? Left(Backfill backfill) =>
        !backfill.Finished
        && Per(static (first, last) => last.Blocks - first.Blocks) is { } blocks and > 0
        && (backfill.BlockCount - backfill.DoneBlockCount) / blocks is var seconds and < 1e7
            ? TimeSpan.FromSeconds(Math.Max(0, seconds))
            : null;

    private double? Per(Func<Sample, Sample, long> difference)
    {
        if (_samples.Count < 2)
        {
            return null;
        }

        var (first, last) = (_samples.Peek(), _samples.Last());
        var seconds = time.GetElapsedTime(first.At, last.At).TotalSeconds;
        return seconds < 0.1 ? null : Math.Max(0, difference(first, last)) / seconds;
    }
}

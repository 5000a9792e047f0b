using Coordinator.Testing;

namespace Coordinator.Demo;

/// <summary>Everything that the load did, from all instances.</summary>
internal sealed class LoadRecord
{
    private readonly Lock _lock = new();
    private readonly List<PgbenchTransaction> _transactions = [];
    private readonly List<string> _failures = [];

    public void Add(string instance, SliceResult slice)
    {
        lock (_lock)
        {
            _transactions.AddRange(slice.Transactions);
            if (!slice.IsClean)
            {
                _failures.Add(
                    $"{instance}: exit {slice.ExitCode}, {slice.Failed} failed, {string.Join(" / ", slice.Complaints.Take(3))}");
            }
        }
    }

    public IReadOnlyList<string> Failures
    {
        get
        {
            lock (_lock)
            {
                return [.. _failures];
            }
        }
    }

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _transactions.Count;
            }
        }
    }

    /// <summary>Figures of the transactions that ended between two moments.</summary>
    public LoadFigures Between(DateTimeOffset from, DateTimeOffset to)
    {
        List<PgbenchTransaction> window;
        lock (_lock)
        {
            window = [.. _transactions.Where(transaction => transaction.End >= from && transaction.End < to).OrderBy(transaction => transaction.End)];
        }

        if (window.Count == 0)
        {
            return new LoadFigures(0, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero, TimeSpan.Zero);
        }

        var latencies = window.Select(transaction => transaction.Latency).Order().ToList();
        var gap = window.Zip(window.Skip(1), (one, next) => next.End - one.End).DefaultIfEmpty(TimeSpan.Zero).Max();
        return new LoadFigures(
            window.Count / (to - from).TotalSeconds,
            latencies[latencies.Count / 2],
            latencies[(int)(latencies.Count * 0.99)],
            latencies[^1],
            gap);
    }
}

using Coordinator.Postgres.Verification;

namespace Coordinator.Engine.Verification;

/// <summary>Adds up what the ranges of one pass had; from several of them at once.</summary>
internal sealed class VerificationTally
{
    private const int MostExamples = 5;

    private readonly Lock _lock = new();
    private readonly List<string> _examples = [];
    private long _done;
    private long _total;
    private long _differences;

    public long DoneBlocks => Interlocked.Read(ref _done);

    public long TotalBlocks => Interlocked.Read(ref _total);

    public long Differences => Interlocked.Read(ref _differences);

    public IReadOnlyList<string> Examples
    {
        get
        {
            lock (_lock)
            {
                return [.. _examples];
            }
        }
    }

    public void Measured(long blocks) => Interlocked.Add(ref _total, blocks);

    public void Read(string shard, VerificationRange range, DisagreementReport report)
    {
        Interlocked.Add(ref _differences, report.Count);
        lock (_lock)
        {
            _examples.AddRange(report.Samples.Take(MostExamples - _examples.Count).Select(sample => $"{sample} of {range.Table} on shard '{shard}'"));
        }

        Interlocked.Add(ref _done, range.Blocks);
    }

    /// <summary>Takes off what is known to differ, and is in quarantine.</summary>
    public void Known(long count) => Interlocked.Add(ref _differences, -count);
}

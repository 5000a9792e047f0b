using Coordinator.Domain.Backfills;
using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Pacing;

/// <summary>One shard of a backfill as the driver finds it at a look.</summary>
internal sealed record ShardSums
{
    public required string Shard { get; init; }

    /// <summary>The size of the next batches.</summary>
    public required long BatchBlocks { get; init; }

    /// <summary>The most blocks that a batch may have where the table is gone over in sweeps; 0: it is not.</summary>
    public long SweepCell { get; init; }

    /// <summary>How many batches may run at once, as decided last.</summary>
    public required int Parallelism { get; init; }

    /// <summary>How many batches run: leases, as far as their workers run them.</summary>
    public required int Running { get; init; }

    /// <summary>The sums of the pass.</summary>
    public required long Blocks { get; init; }

    public required long Rows { get; init; }

    /// <summary>What came since the last look.</summary>
    public required long NewRows { get; init; }

    public required BatchTiming? Timing { get; init; }

    public required BackfillSettings Settings { get; init; }

    /// <summary>The last time that a batch found no space, also when that is over; null when none did.</summary>
    public FullDisk? FullDisk { get; init; }

    /// <summary>The coordination database's clock.</summary>
    public required DateTimeOffset Now { get; init; }
}

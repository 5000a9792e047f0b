namespace Coordinator.Engine.Leasing;

/// <summary>How far a backfill step is, over all shards. Counted from the batches of the current pass.</summary>
public sealed record BackfillProgress
{
    /// <summary>The migration.</summary>
    public required string Migration { get; init; }

    /// <summary>The step.</summary>
    public required string Step { get; init; }

    /// <summary>Finished when every shard is; else paused when one is.</summary>
    public required BackfillRowState State { get; init; }

    /// <summary>Table blocks of batches reported as committed.</summary>
    public required long DoneBlocks { get; init; }

    /// <summary>Table blocks of the pass.</summary>
    public required long TotalBlocks { get; init; }

    /// <summary>Rows that the committed batches wrote.</summary>
    public required long Rows { get; init; }

    /// <summary>Committed batches.</summary>
    public required long Batches { get; init; }

    /// <summary>Leases that ran out and were granted to somebody else.</summary>
    public required long Takeovers { get; init; }

    /// <summary>Batches that a worker holds now.</summary>
    public required long Leased { get; init; }

    /// <summary>Why the most often failed of the open batches failed last; null when none did.</summary>
    public required string? LastFailure { get; init; }
}

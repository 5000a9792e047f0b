using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Pacing;

/// <summary>What is written about one shard after a look.</summary>
internal sealed record ShardDecision
{
    public required string Shard { get; init; }

    public required long BatchBlocks { get; init; }

    public required int Parallelism { get; init; }

    /// <summary>Nothing is granted before it; null for now.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    public required string Move { get; init; }

    public string Signal { get; init; } = "";

    public double? Reading { get; init; }

    public double? Threshold { get; init; }

    public required string Message { get; init; }

    /// <summary>The reason alone, for others than backfills; empty when nothing speaks against.</summary>
    public string Why { get; init; } = "";

    public IReadOnlyList<LoadSignalRow> Signals { get; init; } = [];

    public double? RowRate { get; init; }

    public double? BlockRate { get; init; }
}

using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Leasing;

/// <summary>How fast one shard of a backfill may go now, why, and what an operator set.</summary>
public sealed record BackfillPace
{
    /// <summary>The migration.</summary>
    public required string Migration { get; init; }

    /// <summary>The step.</summary>
    public required string Step { get; init; }

    /// <summary>The shard.</summary>
    public required string Shard { get; init; }

    /// <summary>Table blocks of the next batches.</summary>
    public required long BatchBlocks { get; init; }

    /// <summary>How many batches may run at once; 0 while nothing is granted, <see cref="int.MaxValue"/> without a limit.</summary>
    public required int Parallelism { get; init; }

    /// <summary>Nothing is granted before it; null for now.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Whether nothing is granted at this moment.</summary>
    public bool Stopped { get; init; }

    /// <summary>The decision in force, <c>GROW</c>, <c>FULL</c>, <c>HOLD</c>, <c>DROP</c>, <c>HALVE</c> or <c>STOP</c>; empty before the first.</summary>
    public string Move { get; init; } = "";

    /// <summary>The signal that it is for; empty for none.</summary>
    public string Signal { get; init; } = "";

    /// <summary>The signal's reading; null when it could not be read.</summary>
    public double? Reading { get; init; }

    /// <summary>The threshold that it was compared with.</summary>
    public double? Threshold { get; init; }

    /// <summary>The decision in words.</summary>
    public string Message { get; init; } = "";

    /// <summary>Since when the decision is the same.</summary>
    public DateTimeOffset? Since { get; init; }

    /// <summary>Every signal as it was read last.</summary>
    public IReadOnlyList<LoadSignalRow> Signals { get; init; } = [];

    /// <summary>What an operator set.</summary>
    public BackfillSettings Settings { get; init; } = new();
}

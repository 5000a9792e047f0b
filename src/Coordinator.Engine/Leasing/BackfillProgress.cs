namespace Coordinator.Engine.Leasing;

/// <summary>How far a backfill step is, over all shards, in the current pass. Never more is done than there is.</summary>
public sealed record BackfillProgress
{
    /// <summary>The migration.</summary>
    public required string Migration { get; init; }

    /// <summary>The step.</summary>
    public required string Step { get; init; }

    /// <summary>The table with the trigger that batches check, quoted and qualified; empty where there is none.</summary>
    public string TriggerTable { get; init; } = "";

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

    /// <summary>Batches that a worker holds now: those that run, and those that are fetched ahead.</summary>
    public required long Leased { get; init; }

    /// <summary>Batches that run now: of each worker's leases as many as it runs at once, which is what limits count.</summary>
    public required long Running { get; init; }

    /// <summary>Why the most often failed of the open batches failed last; null when none did.</summary>
    public required string? LastFailure { get; init; }

    /// <summary>Rows per second over the last ten seconds or so; null while nobody measures.</summary>
    public double? RowsPerSecond { get; init; }

    /// <summary>Table blocks per second over the last ten seconds or so; null while nobody measures.</summary>
    public double? BlocksPerSecond { get; init; }

    /// <summary>For how long this pass has been worked on: the time in which a driver looked on.</summary>
    public TimeSpan Active { get; init; }

    /// <summary>The pace of each shard, by name.</summary>
    public IReadOnlyList<BackfillPace> Paces { get; init; } = [];

    /// <summary>Rows per second over all of <see cref="Active"/>; null before anything can be said.</summary>
    public double? MeanRowsPerSecond => Active >= TimeSpan.FromSeconds(1) ? Rows / Active.TotalSeconds : null;

    /// <summary>What can be said about the time that is left.</summary>
    public EstimateState Estimate => BackfillEstimate.StateOf(this);

    /// <summary>The time that is left at the present rate; null unless <see cref="Estimate"/> says that there is an estimate.</summary>
    public TimeSpan? Left => Estimate == EstimateState.Estimated ? BackfillEstimate.LeftOf(this) : null;
}

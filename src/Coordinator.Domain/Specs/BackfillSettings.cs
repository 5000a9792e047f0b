using Coordinator.Domain.Backfills;

namespace Coordinator.Domain.Specs;

/// <summary>
/// What somebody set for a backfill: the specification, for all of its migration's from the first batch on, or an operator while it
/// runs (<see cref="BackfillCommand.Tune"/>). Null is what nobody set, and has its default.
/// </summary>
public sealed record BackfillSettings
{
    /// <summary>The longest wait behind a batch that is accepted; where somebody else writes, batches aim at half of that.</summary>
    public TimeSpan? MaxWait { get; init; }

    /// <summary>How many batches may run at once on one shard.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>About how many rows a batch may have at most.</summary>
    public int? BatchRows { get; init; }

    /// <summary>How long a worker waits between two batches.</summary>
    public TimeSpan? PauseBetween { get; init; }

    /// <summary>When nothing is granted, as <see cref="Backfills.QuietHours"/> reads it; by the coordination database's clock, in UTC.</summary>
    public string? QuietHours { get; init; }

    /// <summary>A query in the target: false stops the backfill.</summary>
    public string? Check { get; init; }

    /// <summary>The same as an order.</summary>
    public BackfillCommand.Tune ToTune(string by) => new(by, BatchRows, MaxParallel)
    {
        MaxWait = MaxWait,
        PauseBetween = PauseBetween,
        QuietHours = QuietHours,
        Check = Check,
    };
}

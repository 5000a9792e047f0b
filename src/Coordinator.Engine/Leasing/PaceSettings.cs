namespace Coordinator.Engine.Leasing;

/// <summary>What an operator set for a backfill; null for what nobody set.</summary>
public sealed record PaceSettings
{
    /// <summary>The longest wait that is accepted behind a batch.</summary>
    public TimeSpan? MaxWait { get; init; }

    /// <summary>How many batches may run at once on one shard.</summary>
    public int? MaxParallel { get; init; }

    /// <summary>About how many rows a batch may have at most.</summary>
    public int? BatchRows { get; init; }

    /// <summary>How long a worker waits between two batches.</summary>
    public TimeSpan? PauseBetween { get; init; }

    /// <summary>When nothing is granted, as <c>22:00-06:00</c>, several with commas, by the coordination database's clock in UTC.</summary>
    public string? QuietHours { get; init; }

    /// <summary>A query in the target that says whether to go on.</summary>
    public string? Check { get; init; }
}

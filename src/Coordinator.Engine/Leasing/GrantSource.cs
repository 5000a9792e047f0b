namespace Coordinator.Engine.Leasing;

/// <summary>One shard of a backfill from which batches may be granted, as a round of requests finds it.</summary>
internal sealed record GrantSource
{
    public required BackfillKey Key { get; init; }

    public required int Pass { get; init; }

    /// <summary>A grant with the token and the blocks that it is given.</summary>
    public required Func<LeaseToken, long, long, GrantedBatch> Grant { get; init; }

    public required long Server { get; init; }

    /// <summary>Blocks of a batch as the controller wants them.</summary>
    public required long Size { get; init; }

    /// <summary>How many batches may run at once.</summary>
    public required long Slots { get; init; }

    /// <summary>How many run: leases, as far as their workers run them.</summary>
    public required long Running { get; init; }

    /// <summary>How many workers hold leases.</summary>
    public required long Holders { get; init; }

    /// <summary>How many run on the whole server.</summary>
    public required long ServerRunning { get; init; }

    /// <summary>Blocks that are in no batch yet.</summary>
    public required long Remaining { get; init; }

    /// <summary>Whether there are batches whose lease ran out.</summary>
    public required bool Lapsed { get; init; }
}

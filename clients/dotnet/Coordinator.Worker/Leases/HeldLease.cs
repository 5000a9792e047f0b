using Coordinator.V1;

namespace Coordinator.Worker.Leases;

/// <summary>A lease of this worker. What changes is changed by the <see cref="LeaseBook"/> alone, under its lock.</summary>
internal sealed class HeldLease(BatchLease batch)
{
    public BatchLease Batch { get; } = batch;

    public LeaseToken Token => Batch.Token;

    /// <summary>How long it lasts from when the last request that granted or extended it was sent.</summary>
    public TimeSpan Duration { get; set; }

    /// <summary>When it ends here, on the monotonic clock.</summary>
    public long Deadline { get; set; }

    /// <summary>When it should be extended, on the monotonic clock.</summary>
    public long RenewAt { get; set; }

    /// <summary>Whether Coordinator no longer extends it.</summary>
    public bool Lost { get; set; }
}

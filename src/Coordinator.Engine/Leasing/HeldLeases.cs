namespace Coordinator.Engine.Leasing;

/// <summary>A worker's leases of one shard of a backfill.</summary>
/// <param name="Leases">All of them.</param>
/// <param name="Running">As many as the worker runs at once; the rest is its prefetch.</param>
internal readonly record struct HeldLeases(long Leases, long Running);

namespace Coordinator.Engine.Leasing;

/// <summary>One shard of a backfill step: the pass that is handed out, and what its batches must find in the target.</summary>
/// <param name="Shard">The shard.</param>
/// <param name="State">Whether batches are handed out.</param>
/// <param name="Pass">From 1.</param>
/// <param name="BatchBlocks">Table blocks per batch.</param>
/// <param name="TotalBlocks">Table blocks of the pass.</param>
/// <param name="FileNode">The table's file node at the start of the pass.</param>
/// <param name="Generation">The fence generation of the grants.</param>
/// <param name="SystemIdentifier">The target's system identifier.</param>
/// <param name="Timeline">The target's timeline.</param>
public sealed record BackfillRow(
    string Shard,
    BackfillRowState State,
    int Pass,
    long BatchBlocks,
    long TotalBlocks,
    long FileNode,
    long Generation,
    long SystemIdentifier,
    string Timeline);

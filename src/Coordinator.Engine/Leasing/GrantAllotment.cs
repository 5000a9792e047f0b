namespace Coordinator.Engine.Leasing;

/// <summary>What a request is to get.</summary>
/// <param name="Request">Whose.</param>
/// <param name="Source">From where: all batches of an answer are of one shard of one backfill.</param>
/// <param name="Most">Batches of either kind.</param>
/// <param name="Fair">New batches.</param>
/// <param name="Blocks">Blocks of a new batch.</param>
internal sealed record GrantAllotment(AcquireRequest Request, GrantSource Source, long Most, long Fair, long Blocks);

namespace Coordinator.Engine.Leasing;

/// <summary>Names one grant of one batch: the epoch grows with every grant, the id is the grant's own.</summary>
public sealed record LeaseToken(string Migration, string Shard, string Step, long Batch, long Epoch, Guid LeaseId);

namespace Coordinator.Domain.Backfills;

/// <summary>What batches took in the target since the last decision: their own execution, without queues and network.</summary>
/// <param name="Blocks">Table blocks of the measured batches; 0 when none was measured.</param>
/// <param name="Busy">Their times, added up.</param>
/// <param name="SlowestBlocks">Table blocks of the slowest of them.</param>
/// <param name="Slowest">Its time; of a batch that ran into its time limit, that limit.</param>
public sealed record BatchTiming(long Blocks, TimeSpan Busy, long SlowestBlocks, TimeSpan Slowest);

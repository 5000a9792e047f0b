namespace Coordinator.Engine.Leasing;

/// <summary>A batch as the coordination database knows it, to be compared with the target's ledger.</summary>
public sealed record BatchRow(long Batch, long FirstBlock, long EndBlock, long Epoch, Guid LeaseId, long RowCount);

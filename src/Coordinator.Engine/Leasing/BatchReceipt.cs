namespace Coordinator.Engine.Leasing;

/// <summary>A worker's word that a batch is committed, and on which incarnation of the target.</summary>
public sealed record BatchReceipt(LeaseToken Token, long RowCount, long SystemIdentifier, string Timeline);

namespace Coordinator.Engine.Leasing;

/// <summary>A worker's word that a batch is committed, and on which incarnation of the target.</summary>
/// <param name="Token">The grant.</param>
/// <param name="RowCount">Rows that it wrote.</param>
/// <param name="SystemIdentifier">The target's system identifier.</param>
/// <param name="Timeline">The target's timeline.</param>
/// <param name="Elapsed">How long it ran in the target, by the target's clock; null where nobody knows.</param>
public sealed record BatchReceipt(
    LeaseToken Token, long RowCount, long SystemIdentifier, string Timeline, TimeSpan? Elapsed = null);

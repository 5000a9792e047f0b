namespace Coordinator.Postgres.Ledger;

/// <summary>One batch in a target's ledger. The range is in blocks, half-open; rows are known when it is done.</summary>
public sealed record LedgerEntry(
    long Batch, long Lo, long Hi, long Epoch, Guid LeaseId, bool Done, long? Rows, DateTimeOffset? CommittedAt);

namespace Coordinator.Postgres.Ledger;

/// <summary>What a step's ledger says is done in this target.</summary>
public sealed record LedgerSummary(long BatchesDone, long BlocksDone, long RowsDone);

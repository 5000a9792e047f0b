namespace Coordinator.Postgres.Ledger;

/// <summary>A migration's fence in a target as it is now.</summary>
public sealed record Fence(Guid CoordinatorId, long Generation, FenceMode Mode);

namespace Coordinator.Postgres.Ledger;

/// <summary>What a migration's fence lets through.</summary>
public enum FenceMode
{
    /// <summary>Batches of the current generation may commit.</summary>
    Open,

    /// <summary>No batch may commit; it can be opened again.</summary>
    Paused,

    /// <summary>No batch may commit any more: abort or contract.</summary>
    Closed,
}

namespace Coordinator.Postgres.Sync;

/// <summary>What happens when one statement changes both sides to values that do not agree. Either way it is counted.</summary>
public enum SyncConflict
{
    /// <summary>The statement fails with SQLSTATE CO010 and a text that says what to do.</summary>
    Raise,

    /// <summary>The new side's value stands and the old side follows.</summary>
    NewWins,
}

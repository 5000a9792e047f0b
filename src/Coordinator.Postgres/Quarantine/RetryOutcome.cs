namespace Coordinator.Postgres.Quarantine;

/// <summary>What became of a quarantined row that was tried again.</summary>
public enum RetryOutcome
{
    /// <summary>It was written; it is out of quarantine.</summary>
    Repaired,

    /// <summary>There is no such row any more; it is out of quarantine.</summary>
    Gone,

    /// <summary>It fails still; its error and the time are up to date.</summary>
    StillBad,

    /// <summary>Somebody holds the row or a lock: nothing was changed, try again.</summary>
    Busy,
}

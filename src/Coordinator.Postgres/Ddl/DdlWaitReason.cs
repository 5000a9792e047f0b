namespace Coordinator.Postgres.Ddl;

/// <summary>What a DDL step can wait for.</summary>
public enum DdlWaitReason
{
    /// <summary>A transaction that has held a lock on the table for long; an attempt would only stall the application.</summary>
    OldTransaction,

    /// <summary>A prepared transaction holds a lock on the table; only COMMIT PREPARED or ROLLBACK PREPARED ends it.</summary>
    PreparedTransaction,

    /// <summary>A vacuum against transaction id wraparound: it does not yield, and must not be killed.</summary>
    WraparoundVacuum,

    /// <summary>An ordinary autovacuum, waited for until patience ends.</summary>
    Autovacuum,

    /// <summary>Patience has ended: one attempt long enough for the autovacuum to yield is about to be made.</summary>
    LongAttempt,

    /// <summary>An attempt did not get its lock within lock_timeout and gave way.</summary>
    LockTimeout,

    /// <summary>The target does not answer, or ended our session; what became of the step will be looked up.</summary>
    TargetUnreachable,

    /// <summary>Another session of ours builds an index on the table, or the leftover of one that lost its client.</summary>
    OtherIndexBuild,

    /// <summary>Our index build is at work, or waits for transactions older than itself.</summary>
    IndexBuild,
}

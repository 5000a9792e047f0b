namespace Coordinator.Postgres.Load;

/// <summary>
/// The load of a target as one look shows it. Null is what there is not (no replica, no archive) or what the reading role may not
/// see; <see cref="SeesOthers"/> tells which.
/// </summary>
public sealed record TargetLoad
{
    /// <summary>Whether the role may see other roles' sessions and replication: a member of pg_monitor, or a superuser.</summary>
    public required bool SeesOthers { get; init; }

    /// <summary>The WAL position in bytes; two looks give the rate.</summary>
    public required double WalPosition { get; init; }

    /// <summary>How far the furthest standby's replay is behind, in bytes.</summary>
    public double? ReplicaLagBytes { get; init; }

    /// <summary>How far the furthest standby's replay is behind, in seconds.</summary>
    public double? ReplicaLagSeconds { get; init; }

    /// <summary>WAL that an inactive replication slot holds back, in bytes.</summary>
    public double? InactiveSlotBytes { get; init; }

    /// <summary>Whether WAL is archived and the last attempt failed.</summary>
    public bool ArchiveFailing { get; init; }

    /// <summary>WAL files that wait to be archived; null without an archive, or where the role may not look.</summary>
    public double? ArchiveBacklog { get; init; }

    /// <summary>Whether WAL is archived at all.</summary>
    public bool Archives { get; init; }

    /// <summary>How long the longest waiting session has waited for a lock of a worker's, in milliseconds; null when none waits.</summary>
    public double? WaitBehindUsMilliseconds { get; init; }

    /// <summary>Sessions of others that wait for a lock on the table.</summary>
    public long WaitingOnTable { get; init; }

    /// <summary>The age of the oldest transaction of others that holds back vacuum, in seconds.</summary>
    public double? OldestTransactionSeconds { get; init; }

    /// <summary>The table's dead rows as a multiple of what autovacuum begins at.</summary>
    public double? DeadRows { get; init; }

    /// <summary>Sessions of others that may write the table and ran a statement within the last ten seconds.</summary>
    public long RecentWriters { get; init; }

    /// <summary>How long the look itself took, as the caller saw it.</summary>
    public TimeSpan ResponseTime { get; init; }
}

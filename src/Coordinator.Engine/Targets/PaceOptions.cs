namespace Coordinator.Engine.Targets;

/// <summary>
/// How gently backfills treat a target. Of each pair of thresholds the first ends growth, the second takes one batch at a time away,
/// twice the second halves. The defaults suit a server with a standby that reports are read from.
/// </summary>
public sealed class PaceOptions
{
    /// <summary>The longest wait that is accepted behind a batch. 100 ms by default.</summary>
    public TimeSpan MaxWait { get; set; } = TimeSpan.FromMilliseconds(100);

    /// <summary>How far a standby's replay may be behind in time: 2 s and 10 s by default.</summary>
    public PaceThresholds ReplicaLagSeconds { get; set; } = new() { Soft = 2, Hard = 10 };

    /// <summary>How far a standby's replay may be behind in bytes: 64 MiB and 512 MiB by default.</summary>
    public PaceThresholds ReplicaLagBytes { get; set; } = new() { Soft = 64 << 20, Hard = 512 << 20 };

    /// <summary>WAL per second, in bytes. None by default: shown, but without a say.</summary>
    public PaceThresholds WalBytesPerSecond { get; set; } = new();

    /// <summary>WAL files that wait to be archived: 20 and 42 by default.</summary>
    public PaceThresholds ArchiveBacklogFiles { get; set; } = new() { Soft = 20, Hard = 42 };

    /// <summary>WAL that an inactive replication slot holds back, in bytes: 1 GiB and 8 GiB by default.</summary>
    public PaceThresholds InactiveSlotBytes { get; set; } = new() { Soft = 1L << 30, Hard = 8L << 30 };

    /// <summary>The age of others' oldest transaction, in seconds: 5 and 30 minutes by default.</summary>
    public PaceThresholds OldestTransactionSeconds { get; set; } = new() { Soft = 300, Hard = 1800 };

    /// <summary>The table's dead rows, as a multiple of what autovacuum begins at: 8 and 16 by default.</summary>
    public PaceThresholds DeadRows { get; set; } = new() { Soft = 8, Hard = 16 };

    /// <summary>
    /// How long a commit takes in the target itself, in milliseconds, as the median of the last five looks: 20 and 50 by default. It never
    /// takes the last batch away. Without either threshold no commit is timed.
    /// </summary>
    public PaceThresholds CommitMilliseconds { get; set; } = new() { Soft = 20, Hard = 50 };

    /// <summary>
    /// How much slower batches may get beside each other while others write the table, as a multiple of their time when fewest ran: 1.1
    /// and 1.2 by default, so that two at once have to do two thirds more than one. It never takes the last batch away.
    /// </summary>
    public PaceThresholds BatchSlowdown { get; set; } = new() { Soft = 1.1, Hard = 1.2 };

    /// <summary>
    /// A query of your own, run read-only in each database of the target twice a second with a limit of one second. False stops the
    /// backfill; a number is compared with <see cref="CheckThresholds"/>. Empty by default.
    /// </summary>
    public string Check { get; set; } = "";

    /// <summary>The thresholds of a check that returns a number: 1 and 1 by default, so that anything from 1 on is too much.</summary>
    public PaceThresholds CheckThresholds { get; set; } = new() { Soft = 1, Hard = 1 };
}

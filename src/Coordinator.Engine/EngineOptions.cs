namespace Coordinator.Engine;

/// <summary>The engine's timings. The defaults suit a network whose hiccups last seconds.</summary>
public sealed class EngineOptions
{
    /// <summary>How long an instance counts as alive without another heartbeat.</summary>
    public TimeSpan InstanceLease { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How often an instance is told to send a heartbeat: three in a lease, so that two may be lost.</summary>
    public TimeSpan HeartbeatInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>
    /// How long a gate must have seen a lapsed instance of an application in strict mode silent, before it leaves the instance to
    /// the fence. Two leases by default, so that nobody is shut out for a hiccup of the network or a restart of ours.
    /// </summary>
    public TimeSpan FenceGrace { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a worker holds a batch without renewing it.</summary>
    public TimeSpan BatchLease { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long a batch may wait for one lock in the target.</summary>
    public TimeSpan BatchLockTimeout { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>How long a batch's statement may run in the target.</summary>
    public TimeSpan BatchStatementTimeout { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>
    /// How many batches may run at once on one target server, over all of its backfills. 8 by default: about twice the cores of a
    /// server of which nothing is known. <see cref="int.MaxValue"/> is no limit.
    /// </summary>
    public int ServerParallelism { get; set; } = 8;

    /// <summary>How often the driver of a backfill looks at the load of its target.</summary>
    public TimeSpan PaceInterval { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>Without a look at the target for so long, nothing more is granted there.</summary>
    public TimeSpan PaceTimeout { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>How long nothing is granted after a batch found no space in its target.</summary>
    public TimeSpan FullDiskPause { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// How many block ranges of one shard a verification reads at once, where the load allows it. 2 by default, for a small server.
    /// They come on top of the batches of backfills.
    /// </summary>
    public int VerificationParallelism { get; set; } = 2;

    /// <summary>
    /// How often a migration that waits at its gate is verified again; from the end of one pass to the beginning of the next. A tenth
    /// of it after a pass that found differences. 10 minutes by default.
    /// </summary>
    public TimeSpan VerificationInterval { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>
    /// When the wait at the gate ends, a verification that ended within this time counts as fresh and is not repeated. 1 minute by default.
    /// </summary>
    public TimeSpan VerificationFreshness { get; set; } = TimeSpan.FromMinutes(1);

    /// <summary>How long after the first look a row that differs is looked at again: only what still differs counts. 500 ms by default.</summary>
    public TimeSpan VerificationSecondLook { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>
    /// From how many blocks a table is filled in sweeps, which spares it most of its bloat (<see cref="Domain.Backfills.BlockSweeps"/>).
    /// 2,048 by default, 16 MiB: a smaller one is done sooner in one go, and its bloat hurts nobody.
    /// </summary>
    public long SweepFromBlocks { get; set; } = 2048;

    /// <summary>How often a batch may fail in a way that waiting does not cure before its backfill stops.</summary>
    public int MostBatchFailures { get; set; } = 10;

    /// <summary>How many rows in quarantine one request tries again; the rest is for the next one.</summary>
    public int MostRowsPerRetry { get; set; } = 1000;

    /// <summary>
    /// How long the single batches of a migration are kept after it has ended, here and in the target's ledger. The sums stay.
    /// </summary>
    public TimeSpan BatchRetention { get; set; } = TimeSpan.FromDays(7);

    /// <summary>How often a replica says that the service is running.</summary>
    public TimeSpan TickInterval { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>A longer silence of all replicas is downtime of ours: it is not counted against any lease.</summary>
    public TimeSpan TickGap { get; set; } = TimeSpan.FromSeconds(6);
}

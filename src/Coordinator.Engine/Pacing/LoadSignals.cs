using System.Globalization;
using Coordinator.Domain.Backfills;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Load;

namespace Coordinator.Engine.Pacing;

/// <summary>What a look at a target says, signal by signal.</summary>
internal static class LoadSignals
{
    private const string CannotSee = "cannot see: grant pg_monitor to Coordinator's role in that database";

    /// <summary>The signals of a look.</summary>
    /// <param name="load">The look.</param>
    /// <param name="walRate">WAL per second since the look before; null at the first.</param>
    /// <param name="maxWait">The longest wait that is accepted behind a batch.</param>
    /// <param name="options">The target's thresholds.</param>
    public static IReadOnlyList<LoadSignal> From(TargetLoad load, double? walRate, TimeSpan maxWait, PaceOptions options) =>
    [
        Behind(load, maxWait),
        Of("replica_lag", "s", "a standby replays late", load.ReplicaLagSeconds, options.ReplicaLagSeconds, Blind(load), canStop: true),
        Of("replica_lag_bytes", "B", "a standby has much left to replay", load.ReplicaLagBytes, options.ReplicaLagBytes, Blind(load), canStop: true),
        Of("wal_rate", "B/s", "much WAL is written", walRate, options.WalBytesPerSecond, null, canStop: false),
        Archive(load, options),
        Of("inactive_slot", "B", "an inactive replication slot holds WAL back", load.InactiveSlotBytes, options.InactiveSlotBytes, null, canStop: true),
        Of("oldest_transaction", "s", "an old transaction holds vacuum back", load.OldestTransactionSeconds, options.OldestTransactionSeconds, Blind(load), canStop: false),
        Of("dead_rows", "x", "autovacuum is behind on the table (dead rows as a multiple of what it begins at)", load.DeadRows, options.DeadRows, null, canStop: false),
        new() { Name = "waiting_on_table", Reading = load.WaitingOnTable, Meaning = "sessions wait for a lock on the table", Problem = Blind(load) },
        new() { Name = "response_time", Reading = load.ResponseTime.TotalMilliseconds, Unit = "ms", Meaning = "the look itself took its time" },
        new() { Name = "free_space", Problem = null, Meaning = "PostgreSQL shows no free disk space to anybody: watch it elsewhere, or with a check of your own" },
    ];

    /// <summary>The signal of a target that could not be looked at.</summary>
    public static LoadSignal Unreadable(string name, string why, bool stale) => new()
    {
        Name = name,
        Meaning = stale ? "the load is not known any more" : "the load could not be read",
        Problem = why,
        Stale = stale,
        CanStop = true,
    };

    /// <summary>The signal of commits that can be timed, or of a target that says why they can't.</summary>
    public static LoadSignal Commits(CommitTime time, PaceOptions options) => Of(
        "commit_latency",
        "ms",
        time.Problem is null
            ? "commits take long (the log's flush, a synchronous standby, or processors that are busy)"
            : "how long commits take can't be read",
        time.Milliseconds,
        options.CommitMilliseconds,
        time.Problem,
        canStop: false);

    /// <summary>
    /// How much batches slow each other down. It has no say where nobody else writes the table: there a backfill may have the server.
    /// Elsewhere nothing is added before it is known.
    /// </summary>
    public static LoadSignal Slowdown(BatchSlowdown slowdown, bool quiet, PaceOptions options)
    {
        var thresholds = quiet ? new PaceThresholds() : options.BatchSlowdown;
        var learning = slowdown.Learning && thresholds is { Soft: not null, Hard: not null };
        return Of(
            "batch_slowdown",
            "x",
            learning
                ? "how much batches slow each other down is not known yet"
                : "batches slow each other down, and whoever else uses the server (its processors or disks are busy)",
            slowdown.Factor,
            thresholds,
            learning ? "too few have ended since their number changed" : null,
            canStop: false);
    }

    /// <summary>The signal of a target that did not commit in time, or could not be asked to.</summary>
    public static LoadSignal NoCommit(string why, bool stale, PaceOptions options) => Commits(new CommitTime(null, why), options) with
    {
        Meaning = stale ? "how long commits take is not known any more" : "how long commits take could not be read",
        Stale = stale,
    };

    /// <summary>The signal of a user's check that answered.</summary>
    public static LoadSignal Check(object? answer, PaceThresholds thresholds) => answer switch
    {
        null or true => new() { Name = "check", Reading = 0, Soft = 1, Hard = 1, Meaning = "the check says go" },
        false => new() { Name = "check", Reading = 1, Soft = 1, Hard = 1, SaysStop = true, CanStop = true, Meaning = "the check says stop" },
        IConvertible number and (short or int or long or float or double or decimal) => Of(
            "check", "", "the check's number is high", number.ToDouble(CultureInfo.InvariantCulture), thresholds, null, canStop: true),
        _ => new()
        {
            Name = "check",
            Soft = 1,
            Hard = 1,
            Meaning = "the check did not answer with a boolean or a number",
            Problem = $"it answered with {answer.GetType().Name}: return true or false, or a number",
        },
    };

    // Whoever waits is reason enough not to add; from the accepted wait on one batch less runs.
    private static LoadSignal Behind(TargetLoad load, TimeSpan maxWait) => new()
    {
        Name = "wait_behind_us",
        Unit = "ms",
        Meaning = "a session waits for a lock that a batch holds",
        Reading = load.WaitBehindUsMilliseconds,
        Soft = 0,
        Hard = maxWait.TotalMilliseconds,
        Problem = Blind(load),
    };

    private static LoadSignal Archive(TargetLoad load, PaceOptions options) => load switch
    {
        { Archives: true, ArchiveBacklog: null } => new()
        {
            Name = "archive_backlog",
            Soft = 1,
            Hard = 1,
            Meaning = "WAL waits to be archived",
            Problem = CannotSee,
        },
        // The backlog grows by itself until somebody repairs the archive: nothing is added to it.
        { ArchiveFailing: true } => Of(
            "archive_backlog", "files", "archiving WAL fails", Math.Max(load.ArchiveBacklog ?? 0, options.ArchiveBacklogFiles.Soft ?? 0),
            options.ArchiveBacklogFiles, null, canStop: true),
        _ => Of("archive_backlog", "files", "WAL waits to be archived", load.ArchiveBacklog, options.ArchiveBacklogFiles, null, canStop: true),
    };

    private static LoadSignal Of(
        string name, string unit, string meaning, double? reading, PaceThresholds thresholds, string? problem, bool canStop) => new()
        {
            Name = name,
            Unit = unit,
            Meaning = meaning,
            Reading = reading,
            Soft = thresholds.Soft,
            Hard = thresholds.Hard,
            Problem = problem,
            CanStop = canStop,
        };

    private static string? Blind(TargetLoad load) => load.SeesOthers ? null : CannotSee;
}

using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Backfills;

/// <summary>What happened to a backfill: decisions and milestones. Leases and batches are rows, never events.</summary>
public abstract record BackfillEvent
{
    private BackfillEvent()
    {
    }

    public sealed record Planned(string Migration, string Step, TableRef Table, string Statement, IReadOnlyList<string> Shards)
        : BackfillEvent;

    public sealed record Started(IReadOnlyDictionary<string, long> BlocksByShard) : BackfillEvent;

    /// <summary>The pass begins again from nothing, because the table was rewritten under it; a Started with the new size follows.</summary>
    public sealed record Restarted(string Reason) : BackfillEvent;

    public sealed record Paused(string Reason) : BackfillEvent;

    public sealed record Resumed : BackfillEvent;

    /// <summary>A setting that is null was left as it is; with <see cref="Reset"/> it went back to its default.</summary>
    public sealed record Tuned(string By, int? BatchRows, int? MaxParallel) : BackfillEvent
    {
        public TimeSpan? MaxWait { get; init; }

        public TimeSpan? PauseBetween { get; init; }

        public string? QuietHours { get; init; }

        public string? Check { get; init; }

        public bool Reset { get; init; }
    }

    public sealed record Progressed(long RowsDone, long BlocksDone, long BlocksTotal) : BackfillEvent;

    public sealed record RowsQuarantined(long Count, string FirstError) : BackfillEvent;

    /// <summary>
    /// The backfill stopped itself: too many rows went into quarantine, or a batch fails again and again. When it goes on,
    /// the rows that were in quarantine then are taken for accepted.
    /// </summary>
    public sealed record BreakerTripped(string Code, string Reason, long Quarantined) : BackfillEvent;

    /// <summary>Somebody decided that rows may stay as they are. <paramref name="Keys"/> has the first of them.</summary>
    public sealed record RowsWaived(string By, string Reason, IReadOnlyList<string> Keys, long Count) : BackfillEvent;

    /// <summary>Somebody had rows in quarantine tried again.</summary>
    public sealed record RowsRetried(string By, long Repaired, long Gone, long StillBad) : BackfillEvent;

    public sealed record Verified(long RowsChecked) : BackfillEvent;

    public sealed record Finished(long Rows, long Batches) : BackfillEvent;
}

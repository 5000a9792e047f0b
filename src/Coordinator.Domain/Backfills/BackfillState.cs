using System.Collections.Immutable;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Backfills;

/// <summary>
/// A backfill as its events tell it. The numbers are what was last announced; what is really done stands in the target's ledger.
/// </summary>
public sealed record BackfillState
{
    public static BackfillState Initial { get; } = new();

    public BackfillStatus Status { get; init; }

    public string Migration { get; init; } = "";

    public string Step { get; init; } = "";

    public TableRef? Table { get; init; }

    public string Statement { get; init; } = "";

    public IReadOnlyList<string> Shards { get; init; } = [];

    public IReadOnlyDictionary<string, long> BlocksByShard { get; init; } = ImmutableDictionary<string, long>.Empty;

    public long TotalBlocks { get; init; }

    public long BlocksDone { get; init; }

    public long RowsDone { get; init; }

    public long Batches { get; init; }

    public long Quarantined { get; init; }

    public string? FirstError { get; init; }

    /// <summary>How many rows were in quarantine when the backfill last stopped itself: they don't stop it again.</summary>
    public long AcceptedBadRows { get; init; }

    public long Waived { get; init; }

    public bool Verified { get; init; }

    public int Restarts { get; init; }

    public string? PauseReason { get; init; }

    public int? BatchRows { get; init; }

    public int? MaxParallel { get; init; }

    public TimeSpan? MaxWait { get; init; }

    public TimeSpan? PauseBetween { get; init; }

    public string? QuietHours { get; init; }

    public string? Check { get; init; }

    public BackfillState Evolve(BackfillEvent backfillEvent) => backfillEvent switch
    {
        BackfillEvent.Planned planned => new BackfillState
        {
            Status = BackfillStatus.Planned,
            Migration = planned.Migration,
            Step = planned.Step,
            Table = planned.Table,
            Statement = planned.Statement,
            Shards = planned.Shards,
        },
        BackfillEvent.Started started => this with
        {
            // The size of a pass that was begun again while paused is a fact about the table; the pause is a person's decision.
            Status = Status is BackfillStatus.Paused ? BackfillStatus.Paused : BackfillStatus.Running,
            BlocksByShard = started.BlocksByShard,
            TotalBlocks = started.BlocksByShard.Values.Sum(),
        },
        BackfillEvent.Restarted => this with
        {
            Restarts = Restarts + 1,
            BlocksDone = 0,
            RowsDone = 0,
            Quarantined = 0,
            FirstError = null,
            Verified = false,
            Status = Status is BackfillStatus.Paused ? BackfillStatus.Paused : BackfillStatus.Running,
        },
        BackfillEvent.Paused paused => this with { Status = BackfillStatus.Paused, PauseReason = paused.Reason },
        BackfillEvent.Resumed => this with { Status = BackfillStatus.Running, PauseReason = null },
        BackfillEvent.Tuned tuned => this with
        {
            BatchRows = tuned.BatchRows ?? (tuned.Reset ? null : BatchRows),
            MaxParallel = tuned.MaxParallel ?? (tuned.Reset ? null : MaxParallel),
            MaxWait = tuned.MaxWait ?? (tuned.Reset ? null : MaxWait),
            PauseBetween = tuned.PauseBetween ?? (tuned.Reset ? null : PauseBetween),
            QuietHours = tuned.QuietHours ?? (tuned.Reset ? null : QuietHours),
            Check = tuned.Check ?? (tuned.Reset ? null : Check),
        },
        BackfillEvent.Progressed progressed => this with
        {
            RowsDone = progressed.RowsDone,
            BlocksDone = progressed.BlocksDone,
            TotalBlocks = progressed.BlocksTotal,
        },
        BackfillEvent.RowsQuarantined quarantined => this with
        {
            Quarantined = Quarantined + quarantined.Count,
            FirstError = FirstError ?? quarantined.FirstError,
        },
        BackfillEvent.BreakerTripped tripped => this with { AcceptedBadRows = tripped.Quarantined },
        BackfillEvent.RowsWaived waived => this with { Waived = Waived + waived.Count },
        BackfillEvent.RowsRetried => this,
        BackfillEvent.Verified => this with { Verified = true },
        BackfillEvent.Finished finished => this with
        {
            Status = BackfillStatus.Finished,
            RowsDone = finished.Rows,
            BlocksDone = TotalBlocks,
            Batches = finished.Batches,
            PauseReason = null,
        },
        // An event of a newer Coordinator: it said nothing that this one acts on.
        _ => this,
    };
}

using Verdict = Coordinator.Domain.Decision<Coordinator.Domain.Backfills.BackfillEvent>;

namespace Coordinator.Domain.Backfills;

/// <summary>
/// What may happen to a backfill. Reports are facts and taken while paused; progress only goes forward, except through a restart.
/// </summary>
public static class BackfillDecider
{
    public static Verdict Decide(BackfillCommand command, BackfillState state)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(state);
        return (command, state.Status) switch
        {
            (BackfillCommand.Plan plan, BackfillStatus.None) => Accept(
                new BackfillEvent.Planned(plan.Migration, plan.Step, plan.Table, plan.Statement, plan.Shards)),
            (BackfillCommand.Plan plan, _) => IsSamePlan(plan, state) ? Accept() : Reject(Exists(state)),
            (_, BackfillStatus.None) => Reject(NotFound()),
            (BackfillCommand.Finish, BackfillStatus.Finished) => Accept(),
            // What was left behind is settled after the end, while the gate waits for it.
            (BackfillCommand.WaiveRows waive, _) => DecideWaive(waive, state),
            (BackfillCommand.RetryRows retry, _) => Accept(
                new BackfillEvent.RowsRetried(retry.By, retry.Repaired, retry.Gone, retry.StillBad)),
            (BackfillCommand.Verify, BackfillStatus.Finished) => DecideVerify((BackfillCommand.Verify)command, state),
            (BackfillCommand.Restart restart, BackfillStatus.Finished) => DecideRestart(restart, state),
            (_, BackfillStatus.Finished) => Reject(Finished(state)),
            (BackfillCommand.Start start, BackfillStatus.Planned) => DecideStart(start, state),
            (BackfillCommand.Start, _) => Accept(),
            (BackfillCommand.Tune tune, _) => DecideTune(tune, state),
            (_, BackfillStatus.Planned) => Reject(NotStarted(state)),
            (BackfillCommand.Pause pause, BackfillStatus.Running) => Accept(new BackfillEvent.Paused(pause.Reason)),
            (BackfillCommand.Pause, _) => Accept(),
            (BackfillCommand.Resume, BackfillStatus.Paused) => Accept(new BackfillEvent.Resumed()),
            (BackfillCommand.Resume, _) => Accept(),
            (BackfillCommand.Restart restart, _) => DecideRestart(restart, state),
            (BackfillCommand.Progress progress, _) => DecideProgress(progress, state),
            (BackfillCommand.QuarantineRows rows, _) => DecideQuarantine(rows, state),
            (BackfillCommand.Trip trip, _) => Accept(new BackfillEvent.BreakerTripped(trip.Code, trip.Reason, trip.Quarantined)),
            (BackfillCommand.Verify verify, _) => DecideVerify(verify, state),
            (BackfillCommand.Finish finish, _) => DecideFinish(finish, state),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Unknown command."),
        };
    }

    private static bool IsSamePlan(BackfillCommand.Plan plan, BackfillState state) =>
        plan.Migration == state.Migration
        && plan.Step == state.Step
        && plan.Table == state.Table
        && plan.Statement == state.Statement
        && plan.Shards.SequenceEqual(state.Shards, StringComparer.Ordinal);

    private static Verdict DecideStart(BackfillCommand.Start start, BackfillState state) => BlocksDefect(start.BlocksByShard, state) is { } why
        ? Reject(Invalid("BACKFILL_BLOCKS_INVALID", why, "Measure every shard of the target."))
        : Accept(new BackfillEvent.Started(start.BlocksByShard));

    private static Verdict DecideRestart(BackfillCommand.Restart restart, BackfillState state) =>
        BlocksDefect(restart.BlocksByShard, state) is { } why
            ? Reject(Invalid("BACKFILL_BLOCKS_INVALID", why, "Measure every shard of the target."))
            : Accept(new BackfillEvent.Restarted(restart.Reason), new BackfillEvent.Started(restart.BlocksByShard));

    private static Verdict DecideTune(BackfillCommand.Tune tune, BackfillState state)
    {
        if (BackfillTuning.Defect(tune) is { } defect)
        {
            return Reject(defect);
        }

        var tuned = BackfillTuning.Event(tune);
        return state.Evolve(tuned) == state ? Accept() : Accept(tuned);
    }

    private static Verdict DecideProgress(BackfillCommand.Progress progress, BackfillState state) => progress switch
    {
        { RowsDone: < 0 } or { BlocksDone: < 0 } or { BlocksTotal: < 0 } => Reject(Invalid(
            "BACKFILL_PROGRESS_INVALID", "Progress can't be negative.", "Report what the ledger says.")),
        // A late report of a slower observer: what it says was true once and is no news.
        _ when progress.RowsDone < state.RowsDone || progress.BlocksDone < state.BlocksDone => Accept(),
        _ when progress.RowsDone == state.RowsDone && progress.BlocksDone == state.BlocksDone && progress.BlocksTotal == state.TotalBlocks
            => Accept(),
        _ => Accept(new BackfillEvent.Progressed(progress.RowsDone, progress.BlocksDone, progress.BlocksTotal)),
    };

    private static Verdict DecideQuarantine(BackfillCommand.QuarantineRows rows, BackfillState state) => rows.Count switch
    {
        < 0 => Reject(Invalid("BACKFILL_QUARANTINE_INVALID", "A number of rows can't be negative.", "Report what the ledger says.")),
        0 => Accept(),
        _ when state.Quarantined > long.MaxValue - rows.Count => Accept(),
        _ => Accept(new BackfillEvent.RowsQuarantined(rows.Count, rows.FirstError)),
    };

    private static Verdict DecideWaive(BackfillCommand.WaiveRows waive, BackfillState state) => waive switch
    {
        { Count: <= 0 } => Accept(),
        _ when string.IsNullOrWhiteSpace(waive.Reason) => Reject(Invalid(
            "WAIVER_REASON_MISSING",
            $"Rows of step '{state.Step}' can't be waived without a reason.",
            "Say why they may stay as they are: whoever looks at them later will ask.")),
        _ => Accept(new BackfillEvent.RowsWaived(waive.By, waive.Reason, waive.Keys, waive.Count)),
    };

    private static Verdict DecideVerify(BackfillCommand.Verify verify, BackfillState state) =>
        state.Verified ? Accept() : Accept(new BackfillEvent.Verified(verify.RowsChecked));

    private static Verdict DecideFinish(BackfillCommand.Finish finish, BackfillState state) => state switch
    {
        { Status: BackfillStatus.Paused } => Reject(new Rejection(
            "BACKFILL_PAUSED",
            $"The backfill of step '{state.Step}' is paused: {state.PauseReason}",
            "Resume it first.",
            About(state))),
        _ => Accept(new BackfillEvent.Finished(finish.Rows, finish.Batches)),
    };

    private static string? BlocksDefect(IReadOnlyDictionary<string, long> blocks, BackfillState state) =>
        blocks.Values.Any(static b => b is < 0 or > BlockRanges.MaxBlocks) ? "a number of blocks is not between 0 and 2^32"
        : state.Shards.FirstOrDefault(s => !blocks.ContainsKey(s)) is { } missing ? $"shard '{missing}' was not measured"
        : blocks.Keys.FirstOrDefault(s => !state.Shards.Contains(s, StringComparer.Ordinal)) is { } extra ? $"shard '{extra}' is unknown"
        : null;

    private static Rejection NotFound() => new(
        "BACKFILL_NOT_FOUND", "There is no such backfill.", "Check the migration and the step; a backfill is there once its step has begun.", Kind: RejectionKind.NotFound);

    private static Rejection Exists(BackfillState state) => new(
        "BACKFILL_EXISTS",
        $"Step '{state.Step}' of migration '{state.Migration}' has a backfill with another statement.",
        "Go on with the one that exists.",
        About(state),
        RejectionKind.AlreadyExists);

    private static Rejection NotStarted(BackfillState state) => new(
        "BACKFILL_NOT_STARTED", $"The backfill of step '{state.Step}' is not started.", "Start it first.", About(state));

    private static Rejection Finished(BackfillState state) => new(
        "BACKFILL_FINISHED", $"The backfill of step '{state.Step}' is finished.", "Nothing is left to do.", About(state));

    private static Rejection Invalid(string code, string message, string remedy) =>
        new(code, message, remedy, Kind: RejectionKind.InvalidArgument);

    private static Dictionary<string, string> About(BackfillState state) => new(StringComparer.Ordinal)
    {
        ["migration"] = state.Migration,
        ["step"] = state.Step,
        ["status"] = state.Status.ToString(),
    };

    private static Verdict Accept(params IReadOnlyList<BackfillEvent> events) => Verdict.Accept(events);

    private static Verdict Reject(Rejection rejection) => Verdict.Reject(rejection);
}

using Coordinator.Domain;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Migrations;

namespace Coordinator.Engine.Verification;

/// <summary>When a verification on request makes sense, and when it can be known which side of a row is the right one.</summary>
internal static class VerificationPhase
{
    /// <summary>The verify steps whose rows are filled by now.</summary>
    /// <exception cref="EngineException">There is none, or the migration is not in a state for it.</exception>
    public static IReadOnlyList<PlanStep.Verify> StepsNow(string migration, MigrationState state)
    {
        if (Unfit(migration, state) is { } unfit)
        {
            throw new EngineException(unfit);
        }

        var all = state.Plan!.Steps.OfType<PlanStep.Verify>().ToList();
        if (all.Count == 0)
        {
            throw Refuse(
                state, "NOTHING_TO_VERIFY", "has no verify step: its operations fill nothing, or have no verify query",
                "Give a raw_sql backfill a verify query when you plan the next one.");
        }

        var filled = all.Where(step => state.Step(step.Id).Status is not StepStatus.Pending).ToList();
        return filled.Count > 0
            ? filled
            : throw Refuse(
                state, "VERIFICATION_TOO_EARLY", "has not filled its rows yet, so they differ as they should",
                "Wait for the backfill; it is verified by itself then.");
    }

    /// <summary>
    /// Until new versions may run, only the old side is written, and it is right. From then on both sides are, and which one somebody
    /// wrote past the trigger can't be told from the row: taking the old side for right could undo a new version's write.
    /// </summary>
    /// <exception cref="EngineException">REPAIR_SIDE_UNKNOWN, or NOTHING_TO_REPAIR.</exception>
    public static void RequireRepairable(MigrationState state, IReadOnlyList<PlanStep.Verify> steps, bool oldSideIsRight)
    {
        var backfills = steps.Select(step => BackfillOf(state.Plan!, step)).OfType<PlanStep.Backfill>().ToList();
        if (backfills.Count == 0)
        {
            throw Refuse(
                state, "NOTHING_TO_REPAIR", "is verified by a query of your own, which does not say which rows it counts",
                "Correct the rows by hand.");
        }

        var twoSided = state.Plan!.Steps.OfType<PlanStep.InstallSync>()
            .Any(install => backfills.Any(backfill => backfill.TriggerName == install.Sync.TriggerName));
        var newVersionsMayRun = MigrationCommands.StepsBeforeGate(state.Plan)
            .All(step => state.Step(step.Id).Status is StepStatus.Completed);
        if (twoSided && newVersionsMayRun && !oldSideIsRight)
        {
            throw Refuse(
                state, "REPAIR_SIDE_UNKNOWN",
                "has its new structure complete: new versions may have written either side, so which one is right can't be told",
                $"Correct the rows by hand, writing the side that is wrong; or, when you know that the old side is right in all of them, "
                + $"run 'coordinator verify {state.Name} --repair --old-side-is-right'.");
        }
    }

    /// <summary>The backfill that fills the rows of the step; null for a query of the operator's own.</summary>
    public static PlanStep.Backfill? BackfillOf(MigrationPlan plan, PlanStep.Verify step) => step.Disagree is null
        ? null
        : plan.Steps.OfType<PlanStep.Backfill>().FirstOrDefault(
            backfill => backfill.Table == step.Table && backfill.Disagree == step.Disagree && backfill.Handler is null);

    private static Rejection? Unfit(string migration, MigrationState state) => state switch
    {
        { Plan: null } => new Rejection(
            "MIGRATION_NOT_FOUND",
            $"There is no migration '{migration}'.",
            "Check the name.",
            new Dictionary<string, string> { ["migration"] = migration },
            RejectionKind.NotFound),
        { Status: MigrationStatus.Planned } => Rejected(state, "MIGRATION_NOT_STARTED", "is planned, but not started", "Start it, or cancel it."),
        { Status: MigrationStatus.Paused } => Rejected(state, "MIGRATION_PAUSED", $"is paused: {state.PauseReason}", "Resume it first."),
        { IsFinished: true } => Rejected(state, "MIGRATION_FINISHED", "is over: there are no two sides any more", "There is nothing to do."),
        { IsRollingBack: true } => Rejected(
            state, "MIGRATION_ROLLING_BACK", "is being rolled back: its new side is on the way out", "There is nothing to do."),
        { ContractStarted: true } => Rejected(
            state, "CONTRACT_STARTED", "has begun its contract: no batch may write any more, and the old side may be gone",
            $"If the contract stopped because of rows that differ, correct them by hand and run 'coordinator retry {migration}'."),
        _ => null,
    };

    private static EngineException Refuse(MigrationState state, string code, string why, string remedy) => new(Rejected(state, code, why, remedy));

    private static Rejection Rejected(MigrationState state, string code, string why, string remedy) => new(
        code,
        $"Migration '{state.Name}' {why}.",
        remedy,
        new Dictionary<string, string> { ["migration"] = state.Name, ["status"] = state.Status.ToString() });
}

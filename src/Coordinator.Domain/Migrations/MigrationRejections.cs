using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Migrations;

/// <summary>The refusals of a migration, one method per stable code.</summary>
internal static class MigrationRejections
{
    public static Rejection NotFound() => new(
        "MIGRATION_NOT_FOUND",
        "There is no migration of that name.",
        "Check the name, or plan the migration first.",
        Kind: RejectionKind.NotFound);

    public static Rejection Exists(MigrationState state) => new(
        "MIGRATION_EXISTS",
        $"A migration named '{state.Name}' exists already ({state.Status}). Names are never used twice, so that history stays readable.",
        "Choose another name, for instance with a number or a date behind it.",
        About(state),
        RejectionKind.AlreadyExists);

    public static Rejection PlanInvalid(string why) => new(
        "PLAN_INVALID",
        $"The plan can't be used: {why}.",
        "Compile the plan again from its spec.",
        Kind: RejectionKind.InvalidArgument);

    public static Rejection NotStarted(MigrationState state) => new(
        "MIGRATION_NOT_STARTED",
        $"Migration '{state.Name}' is planned, but not started.",
        "Start it, or cancel it.",
        About(state));

    public static Rejection Paused(MigrationState state) => new(
        "MIGRATION_PAUSED",
        $"Migration '{state.Name}' is paused: {state.PauseReason}",
        "Resume it first.",
        About(state));

    public static Rejection Finished(MigrationState state) => new(
        "MIGRATION_FINISHED",
        $"Migration '{state.Name}' is over ({state.Status}); nothing about it changes any more.",
        "Plan a new migration under another name.",
        About(state));

    public static Rejection RollingBack(MigrationState state) => new(
        "MIGRATION_ROLLING_BACK",
        $"Migration '{state.Name}' is being rolled back.",
        "Let the rollback finish; then plan a new migration under another name.",
        About(state));

    public static Rejection RollbackTooLate(MigrationState state) => new(
        "ROLLBACK_TOO_LATE",
        $"The contract step of migration '{state.Name}' was started: the old structure may be gone, and with it the way back.",
        "Let the migration finish; then plan another migration in the opposite direction.",
        About(state));

    public static Rejection NothingToRollBack(MigrationState state) => new(
        "NOTHING_TO_ROLL_BACK",
        $"Migration '{state.Name}' was never started, so nothing was changed.",
        "Cancel it.",
        About(state));

    public static Rejection RollbackNotStarted(MigrationState state) => new(
        "ROLLBACK_NOT_STARTED",
        $"Migration '{state.Name}' is not being rolled back.",
        "Start the rollback first.",
        About(state));

    public static Rejection PauseTooLate(MigrationState state) => new(
        "PAUSE_TOO_LATE",
        $"The contract step of migration '{state.Name}' was started; it is one short transaction and can't be held half-way.",
        "Let it finish.",
        About(state));

    public static Rejection CancelNeedsRollback(MigrationState state) => new(
        "CANCEL_NEEDS_ROLLBACK",
        $"Migration '{state.Name}' has changed the target already; cancelling would leave what it created behind.",
        "Roll it back.",
        About(state));

    public static Rejection StepUnknown(MigrationState state, string step) => new(
        "STEP_UNKNOWN",
        $"The plan of migration '{state.Name}' has no step '{step}'.",
        "Look at the plan's steps.",
        About(state, step),
        RejectionKind.NotFound);

    public static Rejection StepOutOfOrder(MigrationState state, string step) => new(
        "STEP_OUT_OF_ORDER",
        state.NextStep is { } next
            ? $"Step '{step}' is not the next one: that is '{next.Id}'."
            : $"Step '{step}' is not the next one: no step is left.",
        "Run the steps in the plan's order.",
        About(state, step));

    public static Rejection StepNotStarted(MigrationState state, string step) => new(
        "STEP_NOT_STARTED",
        $"Step '{step}' was not started.",
        "Begin the step before reporting on it.",
        About(state, step));

    public static Rejection StepFailed(MigrationState state, string step) => new(
        "STEP_FAILED",
        $"Step '{step}' failed: {state.Step(step).FailureReason}",
        $"{state.Step(step).FailureRemedy} Then retry the step, or roll back.".TrimStart(),
        About(state, step));

    public static Rejection StepNotFailed(MigrationState state, string step) => new(
        "STEP_NOT_FAILED",
        $"Step '{step}' has not failed, so there is nothing to retry.",
        "Wait for the step.",
        About(state, step));

    public static Rejection StepAlreadyCompleted(MigrationState state, string step) => new(
        "STEP_ALREADY_COMPLETED",
        $"Step '{step}' is completed.",
        "Go on with the next step.",
        About(state, step));

    public static Rejection StepsRemain(MigrationState state, PlanStep next) => new(
        "STEPS_REMAIN",
        $"Step '{next.Id}' ({next.Description}) is not completed.",
        "Run the remaining steps first.",
        About(state, next.Id));

    public static Rejection GateOrder(MigrationState state, string what) => new(
        "GATE_ORDER",
        $"{what}, but the gate of migration '{state.Name}' is at '{state.Gate}'. Its order is: drain, soak, retire, pass, contract.",
        "Take the gate's stages in their order.",
        About(state));

    public static Rejection SoakNotOver(MigrationState state, TimeSpan soak) => new(
        "SOAK_NOT_OVER",
        $"Migration '{state.Name}' soaks for {soak} after the last old instance left ({state.DrainedAt:u}).",
        "Wait until the soak is over.",
        About(state));

    public static Rejection ApprovalRequired(MigrationState state) => new(
        "APPROVAL_REQUIRED",
        $"Migration '{state.Name}' asks for a person's approval before contract.",
        "Approve it.",
        About(state));

    public static Rejection ApproverMissing(MigrationState state) => new(
        "APPROVER_MISSING",
        "An approval must say who gives it.",
        "Name the person who approves.",
        About(state),
        RejectionKind.InvalidArgument);

    public static Rejection FloorsWrong(MigrationState state) => new(
        "FLOORS_DO_NOT_MATCH",
        $"A retirement sets the floor of every application of migration '{state.Name}' to its free_of_old_from, no more and no less.",
        "Take the floors from the plan's spec.",
        About(state),
        RejectionKind.InvalidArgument);

    public static Rejection FenceSoakNotOver(MigrationState state) => new(
        "FENCE_SOAK_NOT_OVER",
        $"Migration '{state.Name}' soaks for {state.Plan?.Spec.Contract.FenceSoak} behind its fence, which stands since {state.FencedAt:u}.",
        "Wait until the soak is over.",
        About(state));

    public static Rejection RetirementHeld(MigrationState state) => new(
        "RETIREMENT_HELD",
        $"{state.RetirementEndedBy} took the retirement of migration '{state.Name}' back: {state.RetirementEndedWhy}",
        $"Run 'coordinator retire {state.Name}' when old versions may be refused again.",
        About(state));

    public static Rejection RetirementNotInForce(MigrationState state) => new(
        "RETIREMENT_NOT_IN_FORCE",
        $"Migration '{state.Name}' has retired no version, so there is nothing to take back.",
        "Nothing is to be done.",
        About(state));

    public static Rejection UnRetireTooLate(MigrationState state) => new(
        "UN_RETIRE_TOO_LATE",
        $"The contract step of migration '{state.Name}' was started: what the retired versions need may be gone.",
        "Start a newer version.",
        About(state));

    public static Rejection ReasonMissing(MigrationState state) => new(
        "REASON_MISSING",
        "The history has to say who does this, and why.",
        "Give a reason.",
        About(state),
        RejectionKind.InvalidArgument);

    public static Rejection NotStrict(MigrationState state) => new(
        "NOT_STRICT",
        $"No application of migration '{state.Name}' is in strict mode, so there is no fence.",
        "Nothing is to be done.",
        About(state));

    private static Dictionary<string, string> About(MigrationState state, string? step = null)
    {
        var about = new Dictionary<string, string>(StringComparer.Ordinal)
        {
            ["migration"] = state.Name,
            ["status"] = state.Status.ToString(),
        };
        if (step is not null)
        {
            about["step"] = step;
        }

        return about;
    }
}

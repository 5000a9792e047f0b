using Coordinator.Domain.Plans;
using Verdict = Coordinator.Domain.Decision<Coordinator.Domain.Migrations.MigrationEvent>;

namespace Coordinator.Domain.Migrations;

/// <summary>
/// What may happen to a migration. Three rules stand above the details: contract runs only behind a passed gate; before the first
/// contract step there is always a way back, after it none; and a report about work that really happened (a step that completed or
/// failed, an old instance that came back) is taken even while paused, because refusing a fact would not undo it.
/// </summary>
public static partial class MigrationDecider
{
    public static Verdict Decide(MigrationCommand command, MigrationState state)
    {
        ArgumentNullException.ThrowIfNull(command);
        ArgumentNullException.ThrowIfNull(state);
        if (command is MigrationCommand.Plan plan)
        {
            return DecidePlan(plan, state);
        }

        return state.Status is MigrationStatus.None || state.Plan is null
            ? Reject(MigrationRejections.NotFound())
            : command switch
            {
                MigrationCommand.Start => DecideStart(state),
                MigrationCommand.Pause pause => DecidePause(pause, state),
                MigrationCommand.Resume => DecideResume(state),
                MigrationCommand.Approve approve => DecideApprove(approve, state),
                MigrationCommand.OrderRetirement order => DecideOrderRetirement(order, state.Plan.Spec, state),
                MigrationCommand.EndRetirement end => DecideEndRetirement(end, state),
                MigrationCommand.MarkFenced fenced => DecideMarkFenced(fenced, state),
                MigrationCommand.MarkFenceLifted => DecideMarkFenceLifted(state),
                MigrationCommand.RecordRepair repair => Accept(new MigrationEvent.RowsRepaired(
                    repair.Step, repair.By, repair.Repaired, repair.StillDifferent, repair.InQuarantine)),
                MigrationCommand.StartRollback => DecideStartRollback(state),
                MigrationCommand.FinishRollback => DecideFinishRollback(state),
                MigrationCommand.Finish => DecideFinish(state),
                MigrationCommand.Cancel => DecideCancel(state),
                MigrationCommand.BeginStep begin => DecideBeginStep(begin.Step, state),
                MigrationCommand.CompleteStep complete => DecideCompleteStep(complete, state),
                MigrationCommand.FailStep fail => DecideFailStep(fail, state),
                MigrationCommand.BlockStep block => DecideBlockStep(block, state),
                MigrationCommand.RetryStep retry => DecideRetryStep(retry.Step, state),
                _ => DecideGate(command, state.Plan, state),
            };
    }

    private static Verdict DecidePlan(MigrationCommand.Plan command, MigrationState state)
    {
        if (state.Status is not MigrationStatus.None)
        {
            return Reject(MigrationRejections.Exists(state));
        }

        var why = PlanDefect(command.Name, command.Value);
        return why is null
            ? Accept(new MigrationEvent.Planned(command.Name, command.Value))
            : Reject(MigrationRejections.PlanInvalid(why));
    }

    // The compiler makes no such plan; one that came from elsewhere must not get a contract without a gate.
    private static string? PlanDefect(string name, MigrationPlan plan)
    {
        var ids = plan.Steps.Concat(plan.RollbackSteps).Select(static s => s.Id).ToList();
        var gates = plan.Steps.Count(static s => s is PlanStep.Gate);
        var beforeGate = plan.Steps.TakeWhile(static s => s is not PlanStep.Gate);
        return !string.Equals(name, plan.Spec.Name, StringComparison.Ordinal)
                ? $"it is the plan of '{plan.Spec.Name}', not of '{name}'"
            : plan.FormatVersion != MigrationPlan.CurrentFormatVersion ? $"its format {plan.FormatVersion} is unknown here"
            : ids.Distinct(StringComparer.Ordinal).Count() != ids.Count ? "two of its steps have the same id"
            : gates > 1 ? "it has more than one gate"
            : beforeGate.Any(static s => s is PlanStep.Contract) ? "a contract step stands before the gate"
            : null;
    }

    private static Verdict DecideStart(MigrationState state) => state.Status switch
    {
        MigrationStatus.Planned => Accept(new MigrationEvent.Started()),
        MigrationStatus.Running => Accept(),
        MigrationStatus.Paused => Reject(MigrationRejections.Paused(state)),
        MigrationStatus.RollingBack => Reject(MigrationRejections.RollingBack(state)),
        _ => Reject(MigrationRejections.Finished(state)),
    };

    private static Verdict DecidePause(MigrationCommand.Pause pause, MigrationState state) => state.Status switch
    {
        MigrationStatus.Planned => Reject(MigrationRejections.NotStarted(state)),
        MigrationStatus.Paused => Accept(),
        MigrationStatus.Running when state.ContractStarted => Reject(MigrationRejections.PauseTooLate(state)),
        MigrationStatus.Running or MigrationStatus.RollingBack => Accept(new MigrationEvent.Paused(pause.Reason)),
        _ => Reject(MigrationRejections.Finished(state)),
    };

    private static Verdict DecideResume(MigrationState state) => state.Status switch
    {
        MigrationStatus.Planned => Reject(MigrationRejections.NotStarted(state)),
        MigrationStatus.Paused => Accept(new MigrationEvent.Resumed()),
        MigrationStatus.Running or MigrationStatus.RollingBack => Accept(),
        _ => Reject(MigrationRejections.Finished(state)),
    };

    private static Verdict DecideApprove(MigrationCommand.Approve approve, MigrationState state) => state switch
    {
        _ when string.IsNullOrWhiteSpace(approve.By) => Reject(MigrationRejections.ApproverMissing(state)),
        { IsFinished: true } => Reject(MigrationRejections.Finished(state)),
        { IsRollingBack: true } => Reject(MigrationRejections.RollingBack(state)),
        { Approved: true } => Accept(),
        _ => Accept(new MigrationEvent.Approved(approve.By)),
    };

    private static Verdict DecideStartRollback(MigrationState state) => state switch
    {
        { Status: MigrationStatus.Planned } => Reject(MigrationRejections.NothingToRollBack(state)),
        { Status: MigrationStatus.RolledBack } or { IsRollingBack: true } => Accept(),
        { Status: MigrationStatus.Cancelled } => Reject(MigrationRejections.Finished(state)),
        { Status: MigrationStatus.Completed } or { ContractStarted: true } => Reject(MigrationRejections.RollbackTooLate(state)),
        _ => Accept(new MigrationEvent.RollbackStarted()),
    };

    private static Verdict DecideFinishRollback(MigrationState state) => state.Status switch
    {
        MigrationStatus.RolledBack => Accept(),
        MigrationStatus.Paused => Reject(MigrationRejections.Paused(state)),
        MigrationStatus.RollingBack => state.NextStep is { } next
            ? Reject(MigrationRejections.StepsRemain(state, next))
            : Accept(new MigrationEvent.RolledBack()),
        MigrationStatus.Planned or MigrationStatus.Running => Reject(MigrationRejections.RollbackNotStarted(state)),
        _ => Reject(MigrationRejections.Finished(state)),
    };

    private static Verdict DecideFinish(MigrationState state) => state.Status switch
    {
        MigrationStatus.Completed => Accept(),
        MigrationStatus.Planned => Reject(MigrationRejections.NotStarted(state)),
        MigrationStatus.Paused => Reject(MigrationRejections.Paused(state)),
        MigrationStatus.RollingBack => Reject(MigrationRejections.RollingBack(state)),
        MigrationStatus.Running => state.NextStep is { } next
            ? Reject(MigrationRejections.StepsRemain(state, next))
            : Accept(new MigrationEvent.Completed()),
        _ => Reject(MigrationRejections.Finished(state)),
    };

    private static Verdict DecideCancel(MigrationState state) => state switch
    {
        { Status: MigrationStatus.Cancelled } => Accept(),
        { IsFinished: true } => Reject(MigrationRejections.Finished(state)),
        { IsRollingBack: true } => Reject(MigrationRejections.RollingBack(state)),
        { ContractStarted: true } => Reject(MigrationRejections.RollbackTooLate(state)),
        _ when state.Steps.Values.Any(static s => s.Status is not StepStatus.Pending)
            => Reject(MigrationRejections.CancelNeedsRollback(state)),
        _ => Accept(new MigrationEvent.Cancelled()),
    };

    private static Verdict Accept(params IReadOnlyList<MigrationEvent> events) => Verdict.Accept(events);

    private static Verdict Reject(Rejection rejection) => Verdict.Reject(rejection);
}

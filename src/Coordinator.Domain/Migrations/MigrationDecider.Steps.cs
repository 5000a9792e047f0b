using Coordinator.Domain.Plans;
using Verdict = Coordinator.Domain.Decision<Coordinator.Domain.Migrations.MigrationEvent>;

namespace Coordinator.Domain.Migrations;

/// <summary>Running the plan's steps, one after the other.</summary>
public static partial class MigrationDecider
{
    private static Verdict DecideBeginStep(string id, MigrationState state)
    {
        if (NotRunning(state) is { } refusal)
        {
            return Reject(refusal);
        }

        return state.FindStep(id) switch
        {
            null => Reject(MigrationRejections.StepUnknown(state, id)),
            _ when state.Step(id).Status is StepStatus.Completed => Reject(MigrationRejections.StepAlreadyCompleted(state, id)),
            _ when state.NextStep?.Id != id => Reject(MigrationRejections.StepOutOfOrder(state, id)),
            // A driver took over after a crash: it looks in the target whether the step ran.
            _ when state.Step(id).Status is StepStatus.Started => Accept(),
            _ when state.Step(id).Status is StepStatus.Failed => Reject(MigrationRejections.StepFailed(state, id)),
            PlanStep.Contract when state.Gate is not GateStage.Passed => Reject(MigrationRejections.GateOrder(state, "Contract can't begin")),
            _ => Accept(new MigrationEvent.StepStarted(id, state.Step(id).Attempt + 1)),
        };
    }

    private static Verdict DecideCompleteStep(MigrationCommand.CompleteStep command, MigrationState state) =>
        (state.FindStep(command.Step), state.Step(command.Step).Status) switch
        {
            (null, _) => Reject(MigrationRejections.StepUnknown(state, command.Step)),
            (_, StepStatus.Completed) => Accept(),
            _ when state.IsFinished => Reject(MigrationRejections.Finished(state)),
            (_, StepStatus.Pending) => Reject(MigrationRejections.StepNotStarted(state, command.Step)),
            (_, StepStatus.Failed) => Reject(MigrationRejections.StepFailed(state, command.Step)),
            (PlanStep.Gate, _) => Reject(MigrationRejections.GateOrder(state, "A gate's step completes by passing the gate")),
            _ => Accept(new MigrationEvent.StepCompleted(command.Step, command.Evidence)),
        };

    private static Verdict DecideFailStep(MigrationCommand.FailStep command, MigrationState state) =>
        (state.FindStep(command.Step), state.Step(command.Step).Status) switch
        {
            (null, _) => Reject(MigrationRejections.StepUnknown(state, command.Step)),
            (_, StepStatus.Failed) => Accept(),
            _ when state.IsFinished => Reject(MigrationRejections.Finished(state)),
            (_, StepStatus.Completed) => Reject(MigrationRejections.StepAlreadyCompleted(state, command.Step)),
            (_, StepStatus.Pending) => Reject(MigrationRejections.StepNotStarted(state, command.Step)),
            _ => Accept(new MigrationEvent.StepFailed(command.Step, command.Code, command.Reason, command.Remedy)),
        };

    private static Verdict DecideBlockStep(MigrationCommand.BlockStep command, MigrationState state) =>
        (state.FindStep(command.Step), state.Step(command.Step).Status) switch
        {
            _ when NotRunning(state) is { } refusal => Reject(refusal),
            (null, _) => Reject(MigrationRejections.StepUnknown(state, command.Step)),
            (_, StepStatus.Completed) => Reject(MigrationRejections.StepAlreadyCompleted(state, command.Step)),
            (_, StepStatus.Failed) => Reject(MigrationRejections.StepFailed(state, command.Step)),
            (_, StepStatus.Pending) => Reject(MigrationRejections.StepNotStarted(state, command.Step)),
            _ when SameBlockers(command.Blockers, state.Blockers) => Accept(),
            _ => Accept(new MigrationEvent.StepBlocked(command.Step, command.Blockers)),
        };

    private static Verdict DecideRetryStep(string id, MigrationState state)
    {
        if (NotRunning(state) is { } refusal)
        {
            return Reject(refusal);
        }

        return (state.FindStep(id), state.Step(id).Status) switch
        {
            (null, _) => Reject(MigrationRejections.StepUnknown(state, id)),
            (_, StepStatus.Completed) => Reject(MigrationRejections.StepAlreadyCompleted(state, id)),
            _ when state.NextStep?.Id != id => Reject(MigrationRejections.StepOutOfOrder(state, id)),
            (_, StepStatus.Failed) => Accept(new MigrationEvent.StepRetried(id, state.Step(id).Attempt + 1)),
            (_, StepStatus.Started) => Accept(),
            _ => Reject(MigrationRejections.StepNotFailed(state, id)),
        };
    }

    private static Rejection? NotRunning(MigrationState state) => state.Status switch
    {
        MigrationStatus.Running or MigrationStatus.RollingBack => null,
        MigrationStatus.Planned => MigrationRejections.NotStarted(state),
        MigrationStatus.Paused => MigrationRejections.Paused(state),
        _ => MigrationRejections.Finished(state),
    };
}

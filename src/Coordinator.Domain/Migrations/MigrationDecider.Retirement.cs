using Coordinator.Domain.Specs;
using Verdict = Coordinator.Domain.Decision<Coordinator.Domain.Migrations.MigrationEvent>;

namespace Coordinator.Domain.Migrations;

/// <summary>
/// Retiring by a person's word, the way back from a retirement, and strict mode's fence. Until the first contract step starts,
/// a retirement can be taken back; it then stays back until a person retires again.
/// </summary>
public static partial class MigrationDecider
{
    private static Verdict DecideOrderRetirement(MigrationCommand.OrderRetirement order, MigrationSpec spec, MigrationState state) => state switch
    {
        _ when IsBlank(order.By, order.Why) => Reject(MigrationRejections.ReasonMissing(state)),
        { Status: not MigrationStatus.Paused } when NotRunning(state) is { } refusal => Reject(refusal),
        { IsRollingBack: true } => Reject(MigrationRejections.RollingBack(state)),
        { Gate: GateStage.Retired or GateStage.Passed } or { RetirementOrderedBy: not null } => Accept(),
        { Gate: GateStage.Closed } => Reject(MigrationRejections.GateOrder(
            state, "Old versions can be retired when the new structure is complete: before, no version could start")),
        _ => Accept(new MigrationEvent.RetirementOrdered(
            spec.Versions.ToDictionary(static v => v.Key, static v => v.Value.FreeOfOldFrom), order.By, order.Why)),
    };

    private static Verdict DecideEndRetirement(MigrationCommand.EndRetirement end, MigrationState state) => state switch
    {
        _ when IsBlank(end.By, end.Why) => Reject(MigrationRejections.ReasonMissing(state)),
        { Status: MigrationStatus.Completed } or { ContractStarted: true } => Reject(MigrationRejections.UnRetireTooLate(state)),
        { Status: not MigrationStatus.Paused } when NotRunning(state) is { } refusal => Reject(refusal),
        { IsRollingBack: true } => Reject(MigrationRejections.RollingBack(state)),
        { Gate: GateStage.Retired or GateStage.Passed } or { RetirementOrderedBy: not null }
            => Accept(new MigrationEvent.RetirementEnded(end.By, end.Why)),
        { RetirementEndedBy: not null } => Accept(),
        _ => Reject(MigrationRejections.RetirementNotInForce(state)),
    };

    private static Verdict DecideMarkFenced(MigrationCommand.MarkFenced fenced, MigrationState state) => state switch
    {
        _ when NotRunning(state) is { } refusal => Reject(refusal),
        { IsStrict: false } => Reject(MigrationRejections.NotStrict(state)),
        { LiftOwed: true } => Reject(MigrationRejections.GateOrder(state, "The fence of a retirement that was taken back is lifted first")),
        { IsFenced: true } => Accept(),
        { IsRollingBack: false, Gate: not GateStage.Retired }
            => Reject(MigrationRejections.GateOrder(state, "The fence is raised when old versions are retired")),
        _ => Accept(new MigrationEvent.Fenced(fenced.At, fenced.Evidence)),
    };

    // A fact: it is taken while paused too. Without a debt, a fence falls only at the end of a rollback.
    private static Verdict DecideMarkFenceLifted(MigrationState state) =>
        !state.IsFinished && (state.LiftOwed || state is { IsFenced: true, IsRollingBack: true })
            ? Accept(new MigrationEvent.FenceLifted())
            : Accept();

    private static bool IsBlank(string by, string why) => string.IsNullOrWhiteSpace(by) || string.IsNullOrWhiteSpace(why);
}

using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Verdict = Coordinator.Domain.Decision<Coordinator.Domain.Migrations.MigrationEvent>;

namespace Coordinator.Domain.Migrations;

/// <summary>
/// The gate's order: drain, soak, retire, pass. A rollback has no gate step; there the same commands record who still keeps it waiting.
/// </summary>
public static partial class MigrationDecider
{
    private static Verdict DecideGate(MigrationCommand command, MigrationPlan plan, MigrationState state)
    {
        // An old instance that came back while paused is a fact: without it the soak would count on after a resume.
        if (command is MigrationCommand.LoseDrain lose && !state.IsFinished && state.DrainedAt is not null)
        {
            return DecideLoseDrain(lose, state);
        }

        if (NotRunning(state) is { } refusal)
        {
            return Reject(refusal);
        }

        if (state.Status is MigrationStatus.Running && state.Gate is GateStage.Closed)
        {
            return Reject(MigrationRejections.GateOrder(state, "The steps before the gate come first"));
        }

        return command switch
        {
            MigrationCommand.BlockGate block => DecideBlockGate(block.Blockers, state),
            MigrationCommand.LoseDrain lost => DecideBlockGate(lost.Blockers, state),
            MigrationCommand.MarkDrained drained => state.DrainedAt is null ? Accept(new MigrationEvent.Drained(drained.At)) : Accept(),
            _ when state.IsRollingBack => Reject(MigrationRejections.RollingBack(state)),
            MigrationCommand.MarkSoaked soaked => DecideMarkSoaked(soaked, plan.Spec, state),
            MigrationCommand.Retire retire => DecideRetire(retire, plan.Spec, state),
            MigrationCommand.PassGate pass => DecidePassGate(pass, state),
            _ => throw new ArgumentOutOfRangeException(nameof(command), command, "Unknown command."),
        };
    }

    private static Verdict DecideBlockGate(IReadOnlyList<Blocker> blockers, MigrationState state) => state.Gate switch
    {
        GateStage.Passed => Reject(MigrationRejections.GateOrder(state, "A gate that was passed can't be blocked again")),
        _ when SameBlockers(blockers, state.Blockers) => Accept(),
        _ => Accept(new MigrationEvent.GateBlocked(blockers)),
    };

    private static Verdict DecideLoseDrain(MigrationCommand.LoseDrain lose, MigrationState state) => state.Gate switch
    {
        GateStage.Retired or GateStage.Passed
            => Reject(MigrationRejections.GateOrder(state, "Old versions are retired, so a drain can't be lost any more")),
        _ => Accept(new MigrationEvent.DrainLost(lose.Blockers)),
    };

    private static Verdict DecideMarkSoaked(MigrationCommand.MarkSoaked soaked, MigrationSpec spec, MigrationState state) => state switch
    {
        { SoakedAt: not null } or { Gate: GateStage.Retired or GateStage.Passed } => Accept(),
        { DrainedAt: { } since } => soaked.At - since >= spec.Contract.Soak
            ? Accept(new MigrationEvent.Soaked(soaked.At))
            : Reject(MigrationRejections.SoakNotOver(state, spec.Contract.Soak)),
        _ => Reject(MigrationRejections.GateOrder(state, "A soak begins when the last old instance left")),
    };

    private static Verdict DecideRetire(MigrationCommand.Retire retire, MigrationSpec spec, MigrationState state) => state switch
    {
        { Gate: GateStage.Retired or GateStage.Passed } => Accept(),
        { RetirementEndedBy: not null } => Reject(MigrationRejections.RetirementHeld(state)),
        { DrainedAt: null } => Reject(MigrationRejections.GateOrder(state, "Old versions are retired when their last instance left")),
        { SoakedAt: null } when spec.Contract.Soak > TimeSpan.Zero => Reject(MigrationRejections.SoakNotOver(state, spec.Contract.Soak)),
        { Approved: false } when spec.Contract.ApprovalRequired => Reject(MigrationRejections.ApprovalRequired(state)),
        _ when !FloorsMatch(retire.Floors, spec) => Reject(MigrationRejections.FloorsWrong(state)),
        _ => Accept(new MigrationEvent.Retired(retire.Floors)),
    };

    private static Verdict DecidePassGate(MigrationCommand.PassGate pass, MigrationState state) => state switch
    {
        { Gate: GateStage.Passed } => Accept(),
        { Gate: not GateStage.Retired } => Reject(MigrationRejections.GateOrder(state, "The gate is passed when old versions are retired")),
        { IsStrict: true, IsFenced: false } => Reject(MigrationRejections.GateOrder(state, "The fence of strict mode comes first")),
        { IsFenced: true } when !HasFenceSoaked(pass, state) => Reject(MigrationRejections.FenceSoakNotOver(state)),
        _ => Accept(new MigrationEvent.GatePassed(pass.Evidence)),
    };

    private static bool HasFenceSoaked(MigrationCommand.PassGate pass, MigrationState state) =>
        state.Plan?.Spec.Contract.FenceSoak is not { } soak || soak == TimeSpan.Zero || pass.At - state.FencedAt >= soak;

    // By code and subject: a text like "last seen 12 s ago" ages with every look and is no news.
    private static bool SameBlockers(IReadOnlyList<Blocker> left, IReadOnlyList<Blocker> right) =>
        left.Count == right.Count
        && left.Select(static b => (b.Code, b.Subject)).ToHashSet().SetEquals(right.Select(static b => (b.Code, b.Subject)));

    private static bool FloorsMatch(IReadOnlyDictionary<string, long> floors, MigrationSpec spec) =>
        floors.Count == spec.Versions.Count
        && spec.Versions.All(v => floors.TryGetValue(v.Key, out var floor) && floor == v.Value.FreeOfOldFrom);
}

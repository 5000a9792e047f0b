using System.Collections.Immutable;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Migrations;

/// <summary>
/// A migration as its events tell it. <see cref="Evolve"/> is total: events are facts, so it never refuses one; whether something may
/// happen is decided before, in <see cref="MigrationDecider"/>.
/// </summary>
public sealed record MigrationState
{
    public static MigrationState Initial { get; } = new();

    public string Name { get; init; } = "";

    public MigrationStatus Status { get; init; }

    public MigrationPlan? Plan { get; init; }

    /// <summary>Where a pause goes back to: Running or RollingBack.</summary>
    public MigrationStatus ResumeStatus { get; init; } = MigrationStatus.Running;

    /// <summary>Every step of the plan and of its rollback, by id.</summary>
    public IReadOnlyDictionary<string, StepState> Steps { get; init; } = ImmutableDictionary<string, StepState>.Empty;

    public GateStage Gate { get; init; }

    public IReadOnlyList<Blocker> Blockers { get; init; } = [];

    /// <summary>The step that the blockers keep waiting; null when they keep the gate waiting, or there are none.</summary>
    public string? BlockedStep { get; init; }

    /// <summary>When the last old instance left: the start of the soak's clock.</summary>
    public DateTimeOffset? DrainedAt { get; init; }

    public DateTimeOffset? SoakedAt { get; init; }

    public bool Approved { get; init; }

    public string? ApprovedBy { get; init; }

    public string? PauseReason { get; init; }

    /// <summary>Strict mode's fence stands on every shard. A part of it may stand without that, after a crash.</summary>
    public bool IsFenced { get; init; }

    /// <summary>When it was seen to stand: the start of the soak behind it.</summary>
    public DateTimeOffset? FencedAt { get; init; }

    /// <summary>A retirement was taken back, and what of its fence may stand in the target is still to be lifted.</summary>
    public bool LiftOwed { get; init; }

    /// <summary>Who retired old versions before all had left; null when nobody did.</summary>
    public string? RetirementOrderedBy { get; init; }

    /// <summary>Who took a retirement back; the gate waits for a new one. Null when nobody did.</summary>
    public string? RetirementEndedBy { get; init; }

    public string? RetirementEndedWhy { get; init; }

    /// <summary>Whether the target itself keeps out the retired versions of at least one application.</summary>
    public bool IsStrict => Plan?.Spec.Versions.Values.Any(static rule => rule.IsStrict) is true;

    /// <summary>The floors that the gate's retirement recorded, by application; empty before.</summary>
    public IReadOnlyDictionary<string, long> RetiredFloors { get; init; } = ImmutableDictionary<string, long>.Empty;

    public bool IsFinished => Status is MigrationStatus.RolledBack or MigrationStatus.Completed or MigrationStatus.Cancelled;

    /// <summary>True while the rollback's steps are the ones to run, a pause included.</summary>
    public bool IsRollingBack => Status is MigrationStatus.RollingBack
        || (Status is MigrationStatus.Paused && ResumeStatus is MigrationStatus.RollingBack);

    /// <summary>From here there is no way back: the old structure may be gone.</summary>
    public bool ContractStarted => Plan is not null
        && Plan.Steps.Any(s => s is PlanStep.Contract && Step(s.Id).Status is not StepStatus.Pending);

    /// <summary>The steps that are being run: the plan's, or those of its rollback.</summary>
    public IReadOnlyList<PlanStep> ActiveSteps => Plan is null ? [] : IsRollingBack ? Plan.RollbackSteps : Plan.Steps;

    /// <summary>The first active step that is not completed.</summary>
    public PlanStep? NextStep => ActiveSteps.FirstOrDefault(s => Step(s.Id).Status is not StepStatus.Completed);

    public StepState Step(string id) => Steps.GetValueOrDefault(id, StepState.Initial);

    public PlanStep? FindStep(string id) =>
        Plan?.Steps.Concat(Plan.RollbackSteps).FirstOrDefault(s => string.Equals(s.Id, id, StringComparison.Ordinal));

    public MigrationState Evolve(MigrationEvent migrationEvent) => migrationEvent switch
    {
        MigrationEvent.Planned planned => new MigrationState { Name = planned.Name, Status = MigrationStatus.Planned, Plan = planned.Plan },
        MigrationEvent.Started => this with { Status = MigrationStatus.Running },
        MigrationEvent.StepStarted started => OnStepStarted(started.Step, started.Attempt),
        MigrationEvent.StepRetried retried => OnStepStarted(retried.Step, retried.Attempt),
        MigrationEvent.StepBlocked blocked => this with { Blockers = blocked.Blockers, BlockedStep = blocked.Step },
        MigrationEvent.StepCompleted completed => Unblocked(completed.Step)
            .WithStep(completed.Step, s => new StepState(StepStatus.Completed, s.Attempt)),
        MigrationEvent.StepFailed failed => Unblocked(failed.Step).WithStep(
            failed.Step,
            s => new StepState(StepStatus.Failed, s.Attempt, failed.Reason, failed.Code, failed.Remedy)),
        MigrationEvent.Paused paused => OnPaused(paused.Reason),
        MigrationEvent.Resumed => this with { Status = ResumeStatus, PauseReason = null },
        MigrationEvent.Approved approved => this with { Approved = true, ApprovedBy = approved.By },
        MigrationEvent.RollbackStarted => OnRollbackStarted(),
        MigrationEvent.RolledBack => this with { Status = MigrationStatus.RolledBack, PauseReason = null, Blockers = [] },
        MigrationEvent.Completed => this with { Status = MigrationStatus.Completed, PauseReason = null, Blockers = [] },
        MigrationEvent.Cancelled => this with { Status = MigrationStatus.Cancelled, PauseReason = null, Blockers = [] },
        _ => EvolveGate(migrationEvent),
    };

    private MigrationState EvolveGate(MigrationEvent migrationEvent) => migrationEvent switch
    {
        MigrationEvent.GateBlocked blocked => this with { Blockers = blocked.Blockers },
        MigrationEvent.Drained drained => this with
        {
            Gate = IsRollingBack ? Gate : GateStage.Soaking,
            DrainedAt = drained.At,
            SoakedAt = null,
            Blockers = [],
        },
        MigrationEvent.DrainLost lost => this with
        {
            Gate = IsRollingBack ? Gate : GateStage.Draining,
            DrainedAt = null,
            SoakedAt = null,
            Blockers = lost.Blockers,
        },
        MigrationEvent.Soaked soaked => this with { SoakedAt = soaked.At },
        MigrationEvent.Retired retired => this with { Gate = GateStage.Retired, RetiredFloors = retired.Floors, Blockers = [] },
        MigrationEvent.GatePassed => OnGatePassed(),
        MigrationEvent.RetirementOrdered ordered => this with
        {
            RetirementOrderedBy = ordered.By,
            RetirementEndedBy = null,
            RetirementEndedWhy = null,
            RetiredFloors = ordered.Floors,
            Blockers = [],
        },
        MigrationEvent.RetirementEnded ended => OnRetirementEnded(ended),
        MigrationEvent.Fenced fenced => this with { IsFenced = true, FencedAt = fenced.At, Blockers = [] },
        MigrationEvent.FenceLifted => this with { IsFenced = false, FencedAt = null, LiftOwed = false },
        MigrationEvent.RowsRepaired => this,
        // An event of a newer Coordinator: it said nothing that this one acts on.
        _ => this,
    };

    private MigrationState OnStepStarted(string id, int attempt)
    {
        var state = WithStep(id, _ => new StepState(StepStatus.Started, attempt));
        return FindStep(id) is PlanStep.Gate && Gate is GateStage.Closed
            ? state with { Gate = GateStage.Draining }
            : state;
    }

    // Passing the gate is the completion of its step.
    private MigrationState OnGatePassed()
    {
        var state = this with { Gate = GateStage.Passed, Blockers = [] };
        return Plan?.Steps.FirstOrDefault(s => s is PlanStep.Gate) is { } gate
            ? state.WithStep(gate.Id, s => new StepState(StepStatus.Completed, s.Attempt))
            : state;
    }

    // Old instances may come back, so what was known of their absence counts no more.
    private MigrationState OnRetirementEnded(MigrationEvent.RetirementEnded ended)
    {
        var state = this with
        {
            Gate = GateStage.Draining,
            DrainedAt = null,
            SoakedAt = null,
            RetirementOrderedBy = null,
            RetirementEndedBy = ended.By,
            RetirementEndedWhy = ended.Why,
            RetiredFloors = ImmutableDictionary<string, long>.Empty,
            LiftOwed = MayBeFenced,
            Blockers = [],
        };
        return Gate is GateStage.Passed && Plan?.Steps.FirstOrDefault(s => s is PlanStep.Gate) is { } gate
            ? state.WithStep(gate.Id, s => new StepState(StepStatus.Started, s.Attempt))
            : state;
    }

    // A driver raises the fence behind the retirement, shard by shard; that it stands everywhere is recorded only then.
    private bool MayBeFenced => LiftOwed || IsFenced || (IsStrict && Gate is (GateStage.Retired or GateStage.Passed));

    private MigrationState OnPaused(string reason) => this with
    {
        Status = MigrationStatus.Paused,
        ResumeStatus = Status is MigrationStatus.Paused ? ResumeStatus
            : Status is MigrationStatus.RollingBack ? MigrationStatus.RollingBack
            : MigrationStatus.Running,
        PauseReason = reason,
    };

    // What the gate had gathered was about old instances; the rollback asks about new ones.
    private MigrationState OnRollbackStarted() => this with
    {
        Status = MigrationStatus.RollingBack,
        ResumeStatus = MigrationStatus.RollingBack,
        PauseReason = null,
        Gate = GateStage.Closed,
        DrainedAt = null,
        SoakedAt = null,
        RetirementOrderedBy = null,
        RetirementEndedBy = null,
        RetirementEndedWhy = null,
        LiftOwed = MayBeFenced,
        Blockers = [],
        BlockedStep = null,
    };

    // What a step waited for is over with it.
    private MigrationState Unblocked(string step) =>
        BlockedStep == step ? this with { Blockers = [], BlockedStep = null } : this;

    private MigrationState WithStep(string id, Func<StepState, StepState> change) =>
        this with { Steps = Steps.ToImmutableDictionary().SetItem(id, change(Step(id))) };
}

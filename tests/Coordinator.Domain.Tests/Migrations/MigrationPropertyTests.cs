using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using FsCheck;
using FsCheck.Fluent;
using static Coordinator.Domain.Tests.Migrations.MigrationScenarios;

namespace Coordinator.Domain.Tests.Migrations;

public class MigrationPropertyTests
{
    private static readonly MigrationPlan Sample = Samples.Plan(
        Samples.Spec(Samples.Rename, Samples.NotNull) with { Contract = new ContractRule(TimeSpan.FromHours(1), true) });

    private static readonly MigrationState Start = MigrationState.Initial.Evolve(new MigrationEvent.Planned(Sample.Spec.Name, Sample));

    private static readonly IReadOnlyList<string> Ids =
        [.. Sample.Steps.Concat(Sample.RollbackSteps).Select(static s => s.Id), "no-such-step"];

    private static readonly Gen<string> Step = Gen.Elements<string>(Ids);

    private static readonly Gen<DateTimeOffset> Time = Gen.Choose(0, 10).Select(static h => Noon.AddHours(h));

    private static readonly Gen<IReadOnlyList<Blocker>> Blockers =
        Gen.Elements<IReadOnlyList<Blocker>>([], [Blocker("shop-api/1")], [Blocker("shop-api/1"), Blocker("shop-api/2")]);

    [Fact]
    public void Evolve_takes_any_events_in_any_order() => Check(
        Events().ListOf(),
        static events =>
        {
            var state = events.Aggregate(MigrationState.Initial, static (s, e) => s.Evolve(e));
            return Enum.IsDefined(state.Status) && Enum.IsDefined(state.Gate) && (state.NextStep is null || state.Plan is not null);
        });

    [Fact]
    public void Whatever_is_asked_contract_never_begins_before_the_gate_was_passed() => CheckRun(static (_, after) =>
        !after.ContractStarted || after.Gate is GateStage.Passed);

    [Fact]
    public void Whatever_is_asked_completed_steps_stay_completed() => CheckRun(static (before, after) =>
        // A gate that was passed is shut again by who takes the retirement back.
        before.Steps.Where(static s => s.Value.Status is StepStatus.Completed && s.Key != "gate")
            .All(s => after.Step(s.Key).Status is StepStatus.Completed));

    [Fact]
    public void Whatever_is_asked_a_step_begins_only_behind_its_predecessors() => CheckRun(static (_, after) =>
        IsPrefix(after, after.Plan!.Steps) && IsPrefix(after, after.Plan.RollbackSteps));

    [Fact]
    public void Whatever_is_asked_what_is_over_stays_over() => CheckRun(static (before, after) =>
        !before.IsFinished || before.Status == after.Status);

    [Fact]
    public void Whatever_is_asked_there_is_no_rollback_behind_contract() => CheckRun(static (_, after) =>
        !(after.ContractStarted && (after.IsRollingBack || after.Status is MigrationStatus.RolledBack)));

    [Fact]
    public void Whatever_is_asked_soak_and_approval_come_before_the_retirement() => CheckRun(static (_, after) =>
        after.Gate is not (GateStage.Retired or GateStage.Passed) || (after is { Approved: true, SoakedAt: not null, DrainedAt: not null }
            && after.SoakedAt - after.DrainedAt >= TimeSpan.FromHours(1)));

    [Fact]
    public void Whatever_is_asked_a_migration_that_is_not_over_can_go_on() => CheckRun(static (_, after) =>
        after.IsFinished
        || after.Status is MigrationStatus.Planned
        || (after.Status is MigrationStatus.Paused && Accepts(new MigrationCommand.Resume(), after))
        || after.NextStep is null
        || Accepts(new MigrationCommand.BeginStep(after.NextStep.Id), after)
        || Accepts(new MigrationCommand.RetryStep(after.NextStep.Id), after));

    [Fact]
    public void An_accepted_command_may_be_repeated_and_is_then_no_news() => Check(
        Commands().ListOf(),
        static choices =>
        {
            var state = Start;
            foreach (var choose in choices)
            {
                var command = Command(choose, state);
                state = Apply(command, state);
                if (MigrationDecider.Decide(command, state) is Decision<MigrationEvent>.Accepted { Events.Count: > 0 })
                {
                    return false;
                }
            }

            return true;
        });

    [Fact]
    public void Pause_and_resume_anywhere_lose_nothing() => Check(
        Commands().ListOf(),
        static commands =>
        {
            var state = commands.Aggregate(Start, static (s, c) => Apply(c, s));
            if (state.Status is not (MigrationStatus.Running or MigrationStatus.RollingBack)
                || !Accepts(new MigrationCommand.Pause("x"), state))
            {
                return true;
            }

            var back = Apply(new MigrationCommand.Resume(), Apply(new MigrationCommand.Pause("x"), state));
            return back.Status == state.Status
                && back.Gate == state.Gate
                && back.DrainedAt == state.DrainedAt
                && back.NextStep?.Id == state.NextStep?.Id
                && back.Steps.OrderBy(static s => s.Key).SequenceEqual(state.Steps.OrderBy(static s => s.Key));
        });

    [Fact]
    public void A_driver_that_is_paused_anywhere_still_runs_every_step_once() => Check(
        Gen.Elements(true, false).ListOf().Where(static l => l.Count > 0),
        static pauses =>
        {
            var state = Apply(new MigrationCommand.Approve("ann"), Apply(new MigrationCommand.Start(), Start));
            var completed = new List<string>();
            for (var i = 0; state.Status is not MigrationStatus.Completed; i++)
            {
                if (pauses[i % pauses.Count])
                {
                    state = Apply(new MigrationCommand.Resume(), Apply(new MigrationCommand.Pause("x"), state));
                }

                var command = Next(state);
                if (command is MigrationCommand.CompleteStep done)
                {
                    completed.Add(done.Step);
                }

                state = Apply(command, state);
            }

            return completed.SequenceEqual(Sample.Steps.Where(static s => s is not PlanStep.Gate).Select(static s => s.Id));
        });

    // What a driver would do next, one command at a time.
    private static MigrationCommand Next(MigrationState state) => (state.NextStep, state.Gate) switch
    {
        (null, _) => new MigrationCommand.Finish(),
        ({ } step, _) when state.Step(step.Id).Status is StepStatus.Pending => new MigrationCommand.BeginStep(step.Id),
        (PlanStep.Gate, GateStage.Draining) => new MigrationCommand.MarkDrained(Noon),
        (PlanStep.Gate, GateStage.Soaking) when state.SoakedAt is null => new MigrationCommand.MarkSoaked(Noon.AddHours(1)),
        (PlanStep.Gate, GateStage.Soaking) when state.RetirementEndedBy is not null => new MigrationCommand.OrderRetirement("ann", "x"),
        (PlanStep.Gate, GateStage.Soaking) => new MigrationCommand.Retire(Floors),
        (PlanStep.Gate, _) => new MigrationCommand.PassGate(NoEvidence),
        ({ } step, _) => new MigrationCommand.CompleteStep(step.Id, NoEvidence),
    };

    private static void CheckRun(Func<MigrationState, MigrationState, bool> holds) => Check(
        Commands().ListOf(),
        commands =>
        {
            var state = Start;
            foreach (var command in commands)
            {
                var after = Apply(command, state);
                if (!holds(state, after))
                {
                    return false;
                }

                state = after;
            }

            return true;
        });

    private static bool IsPrefix(MigrationState state, IReadOnlyList<PlanStep> steps) => steps
        .Select(s => state.Step(s.Id).Status)
        .SkipWhile(static s => s is StepStatus.Completed)
        .Skip(1)
        .All(static s => s is StepStatus.Pending);

    private static bool Accepts(MigrationCommand command, MigrationState state) =>
        MigrationDecider.Decide(command, state) is Decision<MigrationEvent>.Accepted;

    private static MigrationState Apply(MigrationCommand command, MigrationState state) =>
        MigrationDecider.Decide(command, state) is Decision<MigrationEvent>.Accepted accepted
            ? accepted.Events.Aggregate(state, static (s, e) => s.Evolve(e))
            : state;

    // Mostly the next right thing, so that runs get far; for the rest anything at all.
    private static Gen<Func<MigrationState, MigrationCommand>> Commands() => Gen.Frequency(
        (8, Gen.Constant<Func<MigrationState, MigrationCommand>>(Next)),
        (4, AnyCommand().Select<MigrationCommand, Func<MigrationState, MigrationCommand>>(static c => _ => c)));

    private static MigrationState Apply(Func<MigrationState, MigrationCommand> choose, MigrationState state) =>
        Apply(Command(choose, state), state);

    private static MigrationCommand Command(Func<MigrationState, MigrationCommand> choose, MigrationState state) =>
        state.Status is MigrationStatus.Planned ? new MigrationCommand.Start() : choose(state);

    private static Gen<MigrationCommand> AnyCommand() => Gen.OneOf(
        Step.Select<string, MigrationCommand>(static s => new MigrationCommand.BeginStep(s)),
        Step.Select<string, MigrationCommand>(static s => new MigrationCommand.CompleteStep(s, NoEvidence)),
        Step.Select<string, MigrationCommand>(static s => new MigrationCommand.FailStep(s, "C", "r", "m")),
        Step.Select<string, MigrationCommand>(static s => new MigrationCommand.RetryStep(s)),
        Blockers.Select<IReadOnlyList<Blocker>, MigrationCommand>(static b => new MigrationCommand.BlockGate(b)),
        Blockers.Select<IReadOnlyList<Blocker>, MigrationCommand>(static b => new MigrationCommand.LoseDrain(b)),
        Time.Select<DateTimeOffset, MigrationCommand>(static t => new MigrationCommand.MarkDrained(t)),
        Time.Select<DateTimeOffset, MigrationCommand>(static t => new MigrationCommand.MarkSoaked(t)),
        Gen.Elements<MigrationCommand>(
            new MigrationCommand.Plan(Sample.Spec.Name, Sample),
            new MigrationCommand.Start(),
            new MigrationCommand.Retire(Floors),
            new MigrationCommand.PassGate(NoEvidence),
            new MigrationCommand.OrderRetirement("ann", "x"),
            new MigrationCommand.OrderRetirement("ann", "x"),
            new MigrationCommand.EndRetirement("ann", "x"),
            new MigrationCommand.MarkFenced(Noon, NoEvidence),
            new MigrationCommand.MarkFenceLifted(),
            new MigrationCommand.Pause("x"),
            new MigrationCommand.Resume(),
            new MigrationCommand.Resume(),
            new MigrationCommand.Approve("ann"),
            new MigrationCommand.StartRollback(),
            new MigrationCommand.FinishRollback(),
            new MigrationCommand.Finish(),
            new MigrationCommand.Cancel()));

    private static Gen<MigrationEvent> Events() => Gen.OneOf(
        Step.Select<string, MigrationEvent>(static s => new MigrationEvent.StepStarted(s, 1)),
        Step.Select<string, MigrationEvent>(static s => new MigrationEvent.StepRetried(s, 2)),
        Step.Select<string, MigrationEvent>(static s => new MigrationEvent.StepCompleted(s, NoEvidence)),
        Step.Select<string, MigrationEvent>(static s => new MigrationEvent.StepFailed(s, "C", "r", "m")),
        Step.Select<string, MigrationEvent>(static s => new MigrationEvent.StepBlocked(s, [])),
        Blockers.Select<IReadOnlyList<Blocker>, MigrationEvent>(static b => new MigrationEvent.GateBlocked(b)),
        Blockers.Select<IReadOnlyList<Blocker>, MigrationEvent>(static b => new MigrationEvent.DrainLost(b)),
        Time.Select<DateTimeOffset, MigrationEvent>(static t => new MigrationEvent.Drained(t)),
        Time.Select<DateTimeOffset, MigrationEvent>(static t => new MigrationEvent.Soaked(t)),
        Gen.Elements<MigrationEvent>(
            new MigrationEvent.Planned(Sample.Spec.Name, Sample),
            new MigrationEvent.Started(),
            new MigrationEvent.Retired(Floors),
            new MigrationEvent.GatePassed(NoEvidence),
            new MigrationEvent.RetirementOrdered(Floors, "ann", "x"),
            new MigrationEvent.RetirementEnded("ann", "x"),
            new MigrationEvent.Fenced(),
            new MigrationEvent.FenceLifted(),
            new MigrationEvent.Paused("x"),
            new MigrationEvent.Resumed(),
            new MigrationEvent.Approved("ann"),
            new MigrationEvent.RollbackStarted(),
            new MigrationEvent.RolledBack(),
            new MigrationEvent.Completed(),
            new MigrationEvent.Cancelled()));

    private static void Check<T>(Gen<T> gen, Func<T, bool> holds) => FsCheck.Check.One(
        Config.QuickThrowOnFailure.WithMaxTest(150).WithEndSize(100),
        Prop.ForAll(gen.ToArbitrary(), holds));
}

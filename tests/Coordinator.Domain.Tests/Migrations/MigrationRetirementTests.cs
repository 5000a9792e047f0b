using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using static Coordinator.Domain.Tests.Migrations.MigrationScenarios;
using MigrationScenario = Coordinator.Domain.Tests.Scenario<
    Coordinator.Domain.Migrations.MigrationState,
    Coordinator.Domain.Migrations.MigrationCommand,
    Coordinator.Domain.Migrations.MigrationEvent>;

namespace Coordinator.Domain.Tests.Migrations;

public class MigrationRetirementTests
{
    private static readonly MigrationCommand.OrderRetirement Retire = new("ann", "stragglers");

    private static readonly MigrationCommand.EndRetirement UnRetire = new("ben", "a report needs it");

    [Fact]
    public void A_person_may_retire_before_the_drain_is_complete_and_the_gate_goes_on_in_its_order()
    {
        var scenario = AtGate();
        scenario.When(Retire).Then(new MigrationEvent.RetirementOrdered(Floors, "ann", "stragglers"));
        Assert.Equal(GateStage.Draining, scenario.State.Gate);
        scenario.When(Retire).ThenNothing();
        scenario.When(new MigrationCommand.PassGate(NoEvidence)).ThenRejected("GATE_ORDER");
        scenario.When(new MigrationCommand.MarkDrained(Noon)).Then(new MigrationEvent.Drained(Noon));
        scenario.When(new MigrationCommand.Retire(Floors)).Then(new MigrationEvent.Retired(Floors));
    }

    [Fact]
    public void Nothing_is_retired_before_the_new_structure_is_complete_or_on_the_way_back()
    {
        Running().When(Retire).ThenRejected("GATE_ORDER");
        RollingBack().When(Retire).ThenRejected("MIGRATION_ROLLING_BACK");
        Planned().When(Retire).ThenRejected("MIGRATION_NOT_STARTED");
        AtGate().When(new MigrationCommand.OrderRetirement("ann", " ")).ThenRejected("REASON_MISSING", RejectionKind.InvalidArgument);
    }

    [Fact]
    public void A_retirement_that_was_taken_back_stays_back_until_somebody_retires_again()
    {
        var scenario = Retired();
        scenario.When(UnRetire).Then(new MigrationEvent.RetirementEnded("ben", "a report needs it"));
        Assert.Equal(GateStage.Draining, scenario.State.Gate);
        Assert.Empty(scenario.State.RetiredFloors);
        scenario.When(UnRetire).ThenNothing();
        scenario.When(new MigrationCommand.MarkDrained(Noon)).Then(new MigrationEvent.Drained(Noon));
        scenario.When(new MigrationCommand.Retire(Floors)).ThenRejected("RETIREMENT_HELD");
        scenario.When(Retire).Then(new MigrationEvent.RetirementOrdered(Floors, "ann", "stragglers"));
        scenario.When(new MigrationCommand.Retire(Floors)).Then(new MigrationEvent.Retired(Floors));
    }

    [Fact]
    public void It_can_be_taken_back_until_the_contract_begins()
    {
        var scenario = GatePassed();
        scenario.When(UnRetire).Then(new MigrationEvent.RetirementEnded("ben", "a report needs it"));
        Assert.Equal("gate", scenario.State.NextStep?.Id);
        scenario.When(new MigrationCommand.BeginStep(ContractStep)).ThenRejected("STEP_OUT_OF_ORDER");
        AtGate().When(UnRetire).ThenRejected("RETIREMENT_NOT_IN_FORCE");
        ContractStarted().When(UnRetire).ThenRejected("UN_RETIRE_TOO_LATE");
        Retired().Given(new MigrationEvent.Paused("x")).When(UnRetire).Then(new MigrationEvent.RetirementEnded("ben", "a report needs it"));
    }

    [Fact]
    public void In_strict_mode_the_gate_opens_behind_the_fence_only()
    {
        var scenario = StrictRetired();
        scenario.When(new MigrationCommand.PassGate(NoEvidence)).ThenRejected("GATE_ORDER");
        scenario.When(new MigrationCommand.MarkFenced(Noon, NoEvidence)).Then(new MigrationEvent.Fenced(Noon, NoEvidence));
        scenario.When(new MigrationCommand.PassGate(NoEvidence)).Then(new MigrationEvent.GatePassed(NoEvidence));
        Retired().When(new MigrationCommand.MarkFenced(Noon, NoEvidence)).ThenRejected("NOT_STRICT");
    }

    [Fact]
    public void A_soak_behind_the_fence_is_waited_out()
    {
        var scenario = StrictRetired(TimeSpan.FromHours(1)).Given(new MigrationEvent.Fenced(Noon, NoEvidence));
        scenario.When(new MigrationCommand.PassGate(NoEvidence)).ThenRejected("FENCE_SOAK_NOT_OVER");
        scenario.When(new MigrationCommand.PassGate(NoEvidence, Noon.AddMinutes(59))).ThenRejected("FENCE_SOAK_NOT_OVER");
        scenario.When(new MigrationCommand.PassGate(NoEvidence, Noon.AddHours(1))).Then(new MigrationEvent.GatePassed(NoEvidence));
    }

    [Fact]
    public void A_fence_that_may_stand_is_lifted_before_another_is_raised()
    {
        // Not recorded as standing: a driver may have raised it on the first shard and died.
        var scenario = StrictRetired().When(UnRetire);
        Assert.True(scenario.State.LiftOwed);
        scenario.When(new MigrationCommand.MarkFenceLifted()).Then(new MigrationEvent.FenceLifted());
        Assert.False(scenario.State.LiftOwed);
        scenario.When(new MigrationCommand.MarkFenceLifted()).ThenNothing();

        var back = StrictRetired().Given(new MigrationEvent.Fenced(Noon, NoEvidence)).When(new MigrationCommand.StartRollback());
        back.When(new MigrationCommand.MarkFenced(Noon, NoEvidence)).ThenRejected("GATE_ORDER");
        back.When(new MigrationCommand.MarkFenceLifted()).Then(new MigrationEvent.FenceLifted());
        back.When(new MigrationCommand.MarkFenced(Noon, NoEvidence)).Then(new MigrationEvent.Fenced(Noon, NoEvidence));
        back.When(new MigrationCommand.MarkFenceLifted()).Then(new MigrationEvent.FenceLifted());
    }

    [Fact]
    public void A_standing_fence_is_not_said_to_be_lifted_while_nobody_took_the_retirement_back() =>
        StrictRetired().Given(new MigrationEvent.Fenced(Noon, NoEvidence)).When(new MigrationCommand.MarkFenceLifted()).ThenNothing();

    private static MigrationScenario StrictRetired(TimeSpan? soak = null)
    {
        var plan = Samples.Plan(Samples.Spec(Samples.Rename) with
        {
            Versions = new Dictionary<string, VersionRule>
            {
                ["shop-api"] = new(42, 42, new VersionRoles("shop_api_v{version}")),
                ["shop-worker"] = new(17, 18),
            },
            Contract = new ContractRule(TimeSpan.Zero, false, soak),
        });
        var before = plan.Steps.TakeWhile(static s => s is not PlanStep.Gate).Select(static s => s.Id);
        return Running(plan).Given(before.SelectMany(Done)).Given(
            new MigrationEvent.StepStarted("gate", 1), new MigrationEvent.Drained(Noon), new MigrationEvent.Retired(Floors));
    }
}

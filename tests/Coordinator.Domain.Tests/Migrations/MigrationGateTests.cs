using Coordinator.Domain.Migrations;
using Coordinator.Domain.Specs;
using static Coordinator.Domain.Tests.Migrations.MigrationScenarios;

namespace Coordinator.Domain.Tests.Migrations;

public class MigrationGateTests
{
    private static readonly ContractRule SoakADay = new(TimeSpan.FromDays(1), false);

    private static readonly ContractRule AskFirst = new(TimeSpan.Zero, true);

    [Fact]
    public void The_gate_opens_in_its_order()
    {
        var scenario = AtGate();
        Assert.Equal(GateStage.Draining, scenario.State.Gate);
        scenario.When(new MigrationCommand.MarkDrained(Noon)).Then(new MigrationEvent.Drained(Noon));
        Assert.Equal(GateStage.Soaking, scenario.State.Gate);
        scenario.When(new MigrationCommand.MarkSoaked(Noon)).Then(new MigrationEvent.Soaked(Noon));
        scenario.When(new MigrationCommand.Retire(Floors)).Then(new MigrationEvent.Retired(Floors));
        Assert.Equal(GateStage.Retired, scenario.State.Gate);
        scenario.When(new MigrationCommand.PassGate(NoEvidence)).Then(new MigrationEvent.GatePassed(NoEvidence));
        Assert.Equal(GateStage.Passed, scenario.State.Gate);
        Assert.Equal(ContractStep, scenario.State.NextStep?.Id);
        scenario.When(new MigrationCommand.CompleteStep("gate", NoEvidence)).ThenNothing();
    }

    [Fact]
    public void Repeats_change_nothing()
    {
        Drained().When(new MigrationCommand.MarkDrained(Noon.AddHours(1))).ThenNothing();
        Drained().Given(new MigrationEvent.Soaked(Noon)).When(new MigrationCommand.MarkSoaked(Noon.AddHours(1))).ThenNothing();
        Retired().When(new MigrationCommand.MarkDrained(Noon)).ThenNothing();
        Retired().When(new MigrationCommand.MarkSoaked(Noon)).ThenNothing();
        Retired().When(new MigrationCommand.Retire(Floors)).ThenNothing();
        GatePassed().When(new MigrationCommand.PassGate(NoEvidence)).ThenNothing();
    }

    [Fact]
    public void No_stage_is_skipped()
    {
        AtGate().When(new MigrationCommand.MarkSoaked(Noon)).ThenRejected("GATE_ORDER");
        AtGate().When(new MigrationCommand.Retire(Floors)).ThenRejected("GATE_ORDER");
        AtGate().When(new MigrationCommand.PassGate(NoEvidence)).ThenRejected("GATE_ORDER");
        Drained().When(new MigrationCommand.PassGate(NoEvidence)).ThenRejected("GATE_ORDER");
        Drained().When(new MigrationCommand.CompleteStep("gate", NoEvidence)).ThenRejected("GATE_ORDER");
        Drained().When(new MigrationCommand.BeginStep(ContractStep)).ThenRejected("STEP_OUT_OF_ORDER");
    }

    [Fact]
    public void The_gate_is_shut_while_earlier_steps_remain()
    {
        Running().When(new MigrationCommand.MarkDrained(Noon)).ThenRejected("GATE_ORDER");
        Running().When(new MigrationCommand.BlockGate([Blocker("shop-api/1")])).ThenRejected("GATE_ORDER");
    }

    [Fact]
    public void Contract_waits_for_the_gate_even_if_its_step_were_said_to_be_done() =>
        Drained().Given(new MigrationEvent.StepCompleted("gate", NoEvidence))
            .When(new MigrationCommand.BeginStep(ContractStep))
            .ThenRejected("GATE_ORDER");

    [Fact]
    public void Blockers_are_recorded_when_they_change_not_when_their_texts_age()
    {
        var scenario = AtGate();
        var seen = Blocker("shop-api/1", "last seen 1 s ago");
        scenario.When(new MigrationCommand.BlockGate([seen])).Then(new MigrationEvent.GateBlocked([seen]));
        scenario.When(new MigrationCommand.BlockGate([Blocker("shop-api/1", "last seen 2 s ago")])).ThenNothing();
        scenario.When(new MigrationCommand.BlockGate([seen, Blocker("shop-api/2")]))
            .Then(new MigrationEvent.GateBlocked([seen, Blocker("shop-api/2")]));
        scenario.When(new MigrationCommand.BlockGate([Blocker("shop-api/2"), seen])).ThenNothing();
        scenario.When(new MigrationCommand.BlockGate([])).Then(new MigrationEvent.GateBlocked([]));
        GatePassed().When(new MigrationCommand.BlockGate([seen])).ThenRejected("GATE_ORDER");
    }

    [Fact]
    public void An_old_instance_that_returns_starts_the_soak_again()
    {
        var back = Blocker("shop-api/1");
        var scenario = Drained(SoakADay);
        scenario.When(new MigrationCommand.LoseDrain([back])).Then(new MigrationEvent.DrainLost([back]));
        Assert.Equal(GateStage.Draining, scenario.State.Gate);
        Assert.Null(scenario.State.DrainedAt);
        scenario.When(new MigrationCommand.MarkDrained(Noon.AddHours(20))).Then(new MigrationEvent.Drained(Noon.AddHours(20)));
        scenario.When(new MigrationCommand.MarkSoaked(Noon.AddHours(30))).ThenRejected("SOAK_NOT_OVER");
        scenario.When(new MigrationCommand.MarkSoaked(Noon.AddHours(44))).Then(new MigrationEvent.Soaked(Noon.AddHours(44)));
    }

    [Fact]
    public void An_old_instance_that_returns_during_a_pause_is_not_forgotten() =>
        Drained(SoakADay).Given(new MigrationEvent.Paused("lunch"))
            .When(new MigrationCommand.LoseDrain([Blocker("shop-api/1")]))
            .Then(new MigrationEvent.DrainLost([Blocker("shop-api/1")]));

    [Fact]
    public void What_was_never_drained_can_only_be_blocked() =>
        AtGate().When(new MigrationCommand.LoseDrain([Blocker("shop-api/1")])).Then(new MigrationEvent.GateBlocked([Blocker("shop-api/1")]));

    [Fact]
    public void A_drain_is_not_lost_once_old_versions_are_retired() =>
        Retired().When(new MigrationCommand.LoseDrain([Blocker("shop-api/1")])).ThenRejected("GATE_ORDER");

    [Fact]
    public void The_retirement_waits_for_the_soak()
    {
        Drained(SoakADay).When(new MigrationCommand.MarkSoaked(Noon.AddHours(23))).ThenRejected("SOAK_NOT_OVER");
        Drained(SoakADay).When(new MigrationCommand.Retire(Floors)).ThenRejected("SOAK_NOT_OVER");
        Drained().When(new MigrationCommand.Retire(Floors)).Then(new MigrationEvent.Retired(Floors));
    }

    [Fact]
    public void The_retirement_waits_for_the_approval()
    {
        Drained(AskFirst).When(new MigrationCommand.Retire(Floors)).ThenRejected("APPROVAL_REQUIRED");
        Drained(AskFirst).Given(new MigrationEvent.Approved("ann"))
            .When(new MigrationCommand.Retire(Floors)).Then(new MigrationEvent.Retired(Floors));
    }

    [Fact]
    public void Floors_are_those_of_the_plan()
    {
        foreach (var wrong in new[]
        {
            new Dictionary<string, long>(),
            new Dictionary<string, long> { ["shop-api"] = 42 },
            new Dictionary<string, long> { ["shop-api"] = 42, ["shop-worker"] = 17 },
            new Dictionary<string, long> { ["shop-api"] = 42, ["shop-worker"] = 18, ["other"] = 1 },
        })
        {
            Drained().When(new MigrationCommand.Retire(wrong)).ThenRejected("FLOORS_DO_NOT_MATCH", RejectionKind.InvalidArgument);
        }
    }

    [Fact]
    public void A_paused_gate_does_not_open()
    {
        var paused = new MigrationEvent.Paused("lunch");
        AtGate().Given(paused).When(new MigrationCommand.MarkDrained(Noon)).ThenRejected("MIGRATION_PAUSED");
        Drained().Given(paused).When(new MigrationCommand.Retire(Floors)).ThenRejected("MIGRATION_PAUSED");
        Retired().Given(paused).When(new MigrationCommand.PassGate(NoEvidence)).ThenRejected("MIGRATION_PAUSED");
        AtGate().Given(paused).When(new MigrationCommand.BlockGate([])).ThenRejected("MIGRATION_PAUSED");
    }

    [Fact]
    public void A_fence_is_remembered()
    {
        Assert.True(Retired().Given(new MigrationEvent.Fenced()).State.IsFenced);
        Assert.False(Retired().Given(new MigrationEvent.Fenced(), new MigrationEvent.FenceLifted()).State.IsFenced);
    }
}

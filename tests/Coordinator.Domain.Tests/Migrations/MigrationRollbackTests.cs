using Coordinator.Domain.Migrations;
using static Coordinator.Domain.Tests.Migrations.MigrationScenarios;

namespace Coordinator.Domain.Tests.Migrations;

public class MigrationRollbackTests
{
    [Fact]
    public void There_is_a_way_back_until_contract_begins()
    {
        foreach (var scenario in new[] { Running(), AtGate(), Drained(), Retired(), GatePassed(), Running().Given(new MigrationEvent.Paused("x")) })
        {
            scenario.When(new MigrationCommand.StartRollback()).Then(new MigrationEvent.RollbackStarted());
            Assert.Equal(MigrationStatus.RollingBack, scenario.State.Status);
            Assert.Equal(RollbackStep, scenario.State.NextStep?.Id);
        }
    }

    [Fact]
    public void There_is_no_way_back_from_contract()
    {
        ContractStarted().When(new MigrationCommand.StartRollback()).ThenRejected("ROLLBACK_TOO_LATE");
        ContractStarted().Given(new MigrationEvent.StepFailed(ContractStep, "C", "r", "m"))
            .When(new MigrationCommand.StartRollback()).ThenRejected("ROLLBACK_TOO_LATE");
        ContractStarted().Given(new MigrationEvent.StepCompleted(ContractStep, NoEvidence), new MigrationEvent.Completed())
            .When(new MigrationCommand.StartRollback()).ThenRejected("ROLLBACK_TOO_LATE");
    }

    [Fact]
    public void What_was_never_started_is_cancelled_instead()
    {
        Planned().When(new MigrationCommand.StartRollback()).ThenRejected("NOTHING_TO_ROLL_BACK");
        Planned().Given(new MigrationEvent.Cancelled()).When(new MigrationCommand.StartRollback()).ThenRejected("MIGRATION_FINISHED");
    }

    [Fact]
    public void A_rollback_runs_its_steps_and_ends()
    {
        var scenario = RollingBack();
        scenario.When(new MigrationCommand.StartRollback()).ThenNothing();
        scenario.When(new MigrationCommand.FinishRollback()).ThenRejected("STEPS_REMAIN");
        scenario.When(new MigrationCommand.BeginStep(BeforeGate[1])).ThenRejected("STEP_OUT_OF_ORDER");
        scenario.When(new MigrationCommand.BeginStep(RollbackStep)).Then(new MigrationEvent.StepStarted(RollbackStep, 1));
        scenario.When(new MigrationCommand.CompleteStep(RollbackStep, NoEvidence))
            .Then(new MigrationEvent.StepCompleted(RollbackStep, NoEvidence));
        scenario.When(new MigrationCommand.FinishRollback()).Then(new MigrationEvent.RolledBack());
        scenario.When(new MigrationCommand.FinishRollback()).ThenNothing();
        scenario.When(new MigrationCommand.StartRollback()).ThenNothing();
    }

    [Fact]
    public void A_rollback_says_who_keeps_it_waiting()
    {
        var alive = Blocker("shop-api/1", "runs version 42");
        var scenario = RollingBack();
        scenario.When(new MigrationCommand.BlockGate([alive])).Then(new MigrationEvent.GateBlocked([alive]));
        scenario.When(new MigrationCommand.MarkDrained(Noon)).Then(new MigrationEvent.Drained(Noon));
        Assert.Empty(scenario.State.Blockers);
        Assert.Equal(GateStage.Closed, scenario.State.Gate);
        scenario.When(new MigrationCommand.LoseDrain([alive])).Then(new MigrationEvent.DrainLost([alive]));
    }

    [Fact]
    public void A_rollback_has_no_soak_and_no_retirement()
    {
        RollingBack().When(new MigrationCommand.MarkSoaked(Noon)).ThenRejected("MIGRATION_ROLLING_BACK");
        RollingBack().When(new MigrationCommand.Retire(Floors)).ThenRejected("MIGRATION_ROLLING_BACK");
        RollingBack().When(new MigrationCommand.PassGate(NoEvidence)).ThenRejected("MIGRATION_ROLLING_BACK");
    }

    [Fact]
    public void What_the_gate_had_gathered_is_forgotten()
    {
        var state = Retired().When(new MigrationCommand.StartRollback()).State;
        Assert.Equal(GateStage.Closed, state.Gate);
        Assert.Null(state.DrainedAt);
    }

    [Fact]
    public void A_rollback_is_finished_only_when_there_is_one()
    {
        Running().When(new MigrationCommand.FinishRollback()).ThenRejected("ROLLBACK_NOT_STARTED");
        Planned().When(new MigrationCommand.FinishRollback()).ThenRejected("ROLLBACK_NOT_STARTED");
        RollingBack().Given(new MigrationEvent.Paused("x")).When(new MigrationCommand.FinishRollback()).ThenRejected("MIGRATION_PAUSED");
        Running().Given(new MigrationEvent.Completed()).When(new MigrationCommand.FinishRollback()).ThenRejected("MIGRATION_FINISHED");
    }
}

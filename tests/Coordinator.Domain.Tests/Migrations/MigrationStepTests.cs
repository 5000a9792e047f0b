using Coordinator.Domain.Migrations;
using static Coordinator.Domain.Tests.Migrations.MigrationScenarios;

namespace Coordinator.Domain.Tests.Migrations;

public class MigrationStepTests
{
    private static readonly string First = BeforeGate[0];

    private static readonly string Second = BeforeGate[1];

    [Fact]
    public void Steps_run_in_the_order_of_the_plan()
    {
        var scenario = Running();
        foreach (var step in BeforeGate)
        {
            Assert.Equal(step, scenario.State.NextStep?.Id);
            scenario.When(new MigrationCommand.BeginStep(step)).Then(new MigrationEvent.StepStarted(step, 1));
            scenario.When(new MigrationCommand.CompleteStep(step, NoEvidence)).Then(new MigrationEvent.StepCompleted(step, NoEvidence));
        }

        Assert.Equal("gate", scenario.State.NextStep?.Id);
    }

    [Fact]
    public void A_step_out_of_order_is_refused_and_the_next_one_named()
    {
        var rejection = Running().When(new MigrationCommand.BeginStep(Second)).ThenRejected("STEP_OUT_OF_ORDER");
        Assert.Contains(First, rejection.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_rollback_step_is_out_of_order_while_going_forward() =>
        Running().When(new MigrationCommand.BeginStep(RollbackStep)).ThenRejected("STEP_OUT_OF_ORDER");

    [Fact]
    public void An_unknown_step_is_not_found()
    {
        Running().When(new MigrationCommand.BeginStep("no")).ThenRejected("STEP_UNKNOWN", RejectionKind.NotFound);
        Running().When(new MigrationCommand.CompleteStep("no", NoEvidence)).ThenRejected("STEP_UNKNOWN", RejectionKind.NotFound);
        Running().When(new MigrationCommand.FailStep("no", "C", "r", "m")).ThenRejected("STEP_UNKNOWN", RejectionKind.NotFound);
        Running().When(new MigrationCommand.RetryStep("no")).ThenRejected("STEP_UNKNOWN", RejectionKind.NotFound);
    }

    [Fact]
    public void A_driver_that_takes_over_begins_the_running_step_again_without_an_event() =>
        Running().Given(new MigrationEvent.StepStarted(First, 1)).When(new MigrationCommand.BeginStep(First)).ThenNothing();

    [Fact]
    public void A_completed_step_is_not_begun_again_but_its_completion_may_be_repeated()
    {
        Running().Given(Done(First)).When(new MigrationCommand.BeginStep(First)).ThenRejected("STEP_ALREADY_COMPLETED");
        Running().Given(Done(First)).When(new MigrationCommand.CompleteStep(First, NoEvidence)).ThenNothing();
        Running().Given(Done(First)).When(new MigrationCommand.FailStep(First, "C", "r", "m")).ThenRejected("STEP_ALREADY_COMPLETED");
        Running().Given(Done(First)).When(new MigrationCommand.RetryStep(First)).ThenRejected("STEP_ALREADY_COMPLETED");
    }

    [Fact]
    public void A_step_that_never_began_has_no_outcome()
    {
        Running().When(new MigrationCommand.CompleteStep(First, NoEvidence)).ThenRejected("STEP_NOT_STARTED");
        Running().When(new MigrationCommand.FailStep(First, "C", "r", "m")).ThenRejected("STEP_NOT_STARTED");
        Running().When(new MigrationCommand.RetryStep(First)).ThenRejected("STEP_NOT_FAILED");
    }

    [Fact]
    public void A_failed_step_waits_for_a_retry_and_says_why_it_failed()
    {
        var scenario = Running().Given(new MigrationEvent.StepStarted(First, 1));
        scenario.When(new MigrationCommand.FailStep(First, "DISK_FULL", "the disk is full", "Free some space."))
            .Then(new MigrationEvent.StepFailed(First, "DISK_FULL", "the disk is full", "Free some space."));
        Assert.Equal(StepStatus.Failed, scenario.State.Step(First).Status);
        scenario.When(new MigrationCommand.FailStep(First, "DISK_FULL", "the disk is full", "Free some space.")).ThenNothing();

        var rejection = scenario.When(new MigrationCommand.BeginStep(First)).ThenRejected("STEP_FAILED");
        Assert.Contains("the disk is full", rejection.Message, StringComparison.Ordinal);
        Assert.Contains("Free some space.", rejection.Remedy, StringComparison.Ordinal);
        scenario.When(new MigrationCommand.CompleteStep(First, NoEvidence)).ThenRejected("STEP_FAILED");

        scenario.When(new MigrationCommand.RetryStep(First)).Then(new MigrationEvent.StepRetried(First, 2));
        Assert.Equal(new StepState(StepStatus.Started, 2), scenario.State.Step(First));
        scenario.When(new MigrationCommand.RetryStep(First)).ThenNothing();
        scenario.When(new MigrationCommand.BeginStep(First)).ThenNothing();
        scenario.When(new MigrationCommand.CompleteStep(First, NoEvidence)).Then(new MigrationEvent.StepCompleted(First, NoEvidence));
    }

    [Fact]
    public void A_step_says_what_it_waits_for_until_it_goes_on_or_ends()
    {
        var scenario = Running().Given(new MigrationEvent.StepStarted(First, 1));
        Blocker bad = new("QUARANTINED_ROWS", "1 row", "one row is bad", "correct it");
        scenario.When(new MigrationCommand.BlockStep(First, [])).ThenNothing();
        scenario.When(new MigrationCommand.BlockStep(First, [bad])).Then(new MigrationEvent.StepBlocked(First, [bad]));
        scenario.When(new MigrationCommand.BlockStep(First, [bad with { Message = "it is still bad" }])).ThenNothing();
        Assert.Equal([bad], scenario.State.Blockers);

        scenario.When(new MigrationCommand.CompleteStep(First, NoEvidence)).Then(new MigrationEvent.StepCompleted(First, NoEvidence));
        Assert.Empty(scenario.State.Blockers);
        scenario.When(new MigrationCommand.BlockStep(First, [bad])).ThenRejected("STEP_ALREADY_COMPLETED");
        Running().When(new MigrationCommand.BlockStep(First, [bad])).ThenRejected("STEP_NOT_STARTED");
        Running().When(new MigrationCommand.BlockStep("nowhere", [bad])).ThenRejected("STEP_UNKNOWN", RejectionKind.NotFound);
    }

    [Fact]
    public void A_pause_holds_what_begins_but_takes_what_ends()
    {
        var scenario = Running().Given(new MigrationEvent.StepStarted(First, 1), new MigrationEvent.Paused("lunch"));
        scenario.When(new MigrationCommand.BeginStep(First)).ThenRejected("MIGRATION_PAUSED");
        scenario.When(new MigrationCommand.RetryStep(First)).ThenRejected("MIGRATION_PAUSED");
        scenario.When(new MigrationCommand.CompleteStep(First, NoEvidence)).Then(new MigrationEvent.StepCompleted(First, NoEvidence));
    }

    [Fact]
    public void A_failure_is_taken_while_paused() =>
        Running().Given(new MigrationEvent.StepStarted(First, 1), new MigrationEvent.Paused("lunch"))
            .When(new MigrationCommand.FailStep(First, "C", "r", "m"))
            .Then(new MigrationEvent.StepFailed(First, "C", "r", "m"));

    [Fact]
    public void The_step_that_ran_when_the_rollback_began_may_still_report()
    {
        var scenario = Running().Given(new MigrationEvent.StepStarted(First, 1), new MigrationEvent.RollbackStarted());
        scenario.When(new MigrationCommand.CompleteStep(First, NoEvidence)).Then(new MigrationEvent.StepCompleted(First, NoEvidence));
        Assert.Equal(RollbackStep, scenario.State.NextStep?.Id);
    }

    [Fact]
    public void A_failed_forward_step_is_not_retried_in_a_rollback() =>
        Running()
            .Given(new MigrationEvent.StepStarted(First, 1), new MigrationEvent.StepFailed(First, "C", "r", "m"), new MigrationEvent.RollbackStarted())
            .When(new MigrationCommand.RetryStep(First))
            .ThenRejected("STEP_OUT_OF_ORDER");
}

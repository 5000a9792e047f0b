using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using static Coordinator.Domain.Tests.Migrations.MigrationScenarios;

namespace Coordinator.Domain.Tests.Migrations;

public class MigrationLifecycleTests
{
    public static TheoryData<MigrationCommand> AllButPlan { get; } =
    [
        new MigrationCommand.Start(),
        new MigrationCommand.BeginStep("gate"),
        new MigrationCommand.CompleteStep("gate", NoEvidence),
        new MigrationCommand.FailStep("gate", "CODE", "reason", "remedy"),
        new MigrationCommand.RetryStep("gate"),
        new MigrationCommand.BlockGate([]),
        new MigrationCommand.MarkDrained(Noon),
        new MigrationCommand.LoseDrain([]),
        new MigrationCommand.MarkSoaked(Noon),
        new MigrationCommand.Retire(Floors),
        new MigrationCommand.PassGate(NoEvidence),
        new MigrationCommand.Pause("why"),
        new MigrationCommand.Resume(),
        new MigrationCommand.Approve("ann"),
        new MigrationCommand.StartRollback(),
        new MigrationCommand.FinishRollback(),
        new MigrationCommand.Finish(),
        new MigrationCommand.Cancel(),
    ];

    [Theory]
    [MemberData(nameof(AllButPlan))]
    public void Nothing_can_be_asked_of_a_migration_that_does_not_exist(MigrationCommand command) =>
        Nothing().When(command).ThenRejected("MIGRATION_NOT_FOUND", RejectionKind.NotFound);

    [Fact]
    public void A_migration_is_planned() => Nothing()
        .When(new MigrationCommand.Plan(Plan.Spec.Name, Plan))
        .Then(new MigrationEvent.Planned(Plan.Spec.Name, Plan));

    [Fact]
    public void A_name_is_never_used_twice() => Planned()
        .When(new MigrationCommand.Plan(Plan.Spec.Name, Plan))
        .ThenRejected("MIGRATION_EXISTS", RejectionKind.AlreadyExists);

    [Fact]
    public void A_plan_of_another_name_is_refused() => Nothing()
        .When(new MigrationCommand.Plan("other", Plan))
        .ThenRejected("PLAN_INVALID", RejectionKind.InvalidArgument);

    [Fact]
    public void A_plan_of_an_unknown_format_is_refused() => Nothing()
        .When(new MigrationCommand.Plan(Plan.Spec.Name, Plan with { FormatVersion = 2 }))
        .ThenRejected("PLAN_INVALID", RejectionKind.InvalidArgument);

    [Fact]
    public void A_plan_with_a_step_twice_is_refused() => Nothing()
        .When(new MigrationCommand.Plan(Plan.Spec.Name, Plan with { Steps = [.. Plan.Steps, Plan.Steps[0]] }))
        .ThenRejected("PLAN_INVALID", RejectionKind.InvalidArgument);

    [Fact]
    public void A_plan_whose_contract_stands_before_the_gate_is_refused() => Nothing()
        .When(new MigrationCommand.Plan(Plan.Spec.Name, Plan with { Steps = [.. Plan.Steps.Where(static s => s is not PlanStep.Gate)] }))
        .ThenRejected("PLAN_INVALID", RejectionKind.InvalidArgument);

    [Fact]
    public void A_planned_migration_starts() => Planned().When(new MigrationCommand.Start()).Then(new MigrationEvent.Started());

    [Fact]
    public void Starting_twice_changes_nothing() => Running().When(new MigrationCommand.Start()).ThenNothing();

    [Fact]
    public void A_paused_migration_is_resumed_not_started() =>
        Paused().When(new MigrationCommand.Start()).ThenRejected("MIGRATION_PAUSED");

    [Fact]
    public void A_migration_that_is_rolled_back_does_not_start() =>
        RollingBack().When(new MigrationCommand.Start()).ThenRejected("MIGRATION_ROLLING_BACK");

    [Fact]
    public void Pause_and_resume_come_back_to_where_it_was()
    {
        var scenario = Running().When(new MigrationCommand.Pause("lunch")).Then(new MigrationEvent.Paused("lunch"));
        Assert.Equal(MigrationStatus.Paused, scenario.State.Status);
        Assert.Equal("lunch", scenario.State.PauseReason);
        scenario.When(new MigrationCommand.Pause("again")).ThenNothing();
        scenario.When(new MigrationCommand.Resume()).Then(new MigrationEvent.Resumed());
        Assert.Equal(MigrationStatus.Running, scenario.State.Status);
        Assert.Null(scenario.State.PauseReason);
        scenario.When(new MigrationCommand.Resume()).ThenNothing();
    }

    [Fact]
    public void A_rollback_is_paused_and_resumed_as_a_rollback()
    {
        var scenario = RollingBack().When(new MigrationCommand.Pause("lunch")).Then(new MigrationEvent.Paused("lunch"));
        Assert.True(scenario.State.IsRollingBack);
        scenario.When(new MigrationCommand.Resume()).Then(new MigrationEvent.Resumed());
        Assert.Equal(MigrationStatus.RollingBack, scenario.State.Status);
    }

    [Fact]
    public void What_was_not_started_is_neither_paused_nor_resumed_nor_finished()
    {
        Planned().When(new MigrationCommand.Pause("x")).ThenRejected("MIGRATION_NOT_STARTED");
        Planned().When(new MigrationCommand.Resume()).ThenRejected("MIGRATION_NOT_STARTED");
        Planned().When(new MigrationCommand.Finish()).ThenRejected("MIGRATION_NOT_STARTED");
        Planned().When(new MigrationCommand.BeginStep(BeforeGate[0])).ThenRejected("MIGRATION_NOT_STARTED");
        Planned().When(new MigrationCommand.RetryStep(BeforeGate[0])).ThenRejected("MIGRATION_NOT_STARTED");
        Planned().When(new MigrationCommand.MarkDrained(Noon)).ThenRejected("MIGRATION_NOT_STARTED");
    }

    [Fact]
    public void A_contract_that_began_is_not_paused() =>
        ContractStarted().When(new MigrationCommand.Pause("x")).ThenRejected("PAUSE_TOO_LATE");

    [Fact]
    public void It_is_finished_when_all_steps_are_done()
    {
        var scenario = ContractStarted();
        scenario.When(new MigrationCommand.Finish()).ThenRejected("STEPS_REMAIN");
        scenario.Given(new MigrationEvent.StepCompleted(ContractStep, NoEvidence))
            .When(new MigrationCommand.Finish())
            .Then(new MigrationEvent.Completed());
        scenario.When(new MigrationCommand.Finish()).ThenNothing();
    }

    [Fact]
    public void A_paused_or_rolled_back_migration_is_not_finished()
    {
        Paused().When(new MigrationCommand.Finish()).ThenRejected("MIGRATION_PAUSED");
        RollingBack().When(new MigrationCommand.Finish()).ThenRejected("MIGRATION_ROLLING_BACK");
    }

    [Fact]
    public void What_has_changed_nothing_is_cancelled()
    {
        Planned().When(new MigrationCommand.Cancel()).Then(new MigrationEvent.Cancelled());
        Paused().When(new MigrationCommand.Cancel()).Then(new MigrationEvent.Cancelled());
        Running().When(new MigrationCommand.Cancel()).Then(new MigrationEvent.Cancelled())
            .When(new MigrationCommand.Cancel()).ThenNothing();
    }

    [Fact]
    public void What_has_changed_something_is_rolled_back_instead()
    {
        Running().Given(new MigrationEvent.StepStarted(BeforeGate[0], 1))
            .When(new MigrationCommand.Cancel()).ThenRejected("CANCEL_NEEDS_ROLLBACK");
        RollingBack().When(new MigrationCommand.Cancel()).ThenRejected("MIGRATION_ROLLING_BACK");
        ContractStarted().When(new MigrationCommand.Cancel()).ThenRejected("ROLLBACK_TOO_LATE");
    }

    [Fact]
    public void An_approval_can_come_at_any_time_and_names_who_gave_it()
    {
        var scenario = Planned().When(new MigrationCommand.Approve("ann")).Then(new MigrationEvent.Approved("ann"));
        Assert.Equal("ann", scenario.State.ApprovedBy);
        scenario.When(new MigrationCommand.Approve("bob")).ThenNothing();
        Paused().When(new MigrationCommand.Approve("ann")).Then(new MigrationEvent.Approved("ann"));
        Running().When(new MigrationCommand.Approve(" ")).ThenRejected("APPROVER_MISSING", RejectionKind.InvalidArgument);
        RollingBack().When(new MigrationCommand.Approve("ann")).ThenRejected("MIGRATION_ROLLING_BACK");
    }

    [Theory]
    [MemberData(nameof(AllButPlan))]
    public void A_migration_that_is_over_stays_as_it_is(MigrationCommand command)
    {
        foreach (var end in new MigrationEvent[] { new MigrationEvent.Completed(), new MigrationEvent.RolledBack(), new MigrationEvent.Cancelled() })
        {
            var scenario = Running().Given(end);
            var before = scenario.State;
            scenario.When(command);
            Assert.Equal(before, scenario.State);
        }
    }

    private static Scenario<MigrationState, MigrationCommand, MigrationEvent> Paused() => Running().Given(new MigrationEvent.Paused("lunch"));
}

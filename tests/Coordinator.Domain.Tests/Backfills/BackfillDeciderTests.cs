using Coordinator.Domain.Backfills;
using BackfillScenario = Coordinator.Domain.Tests.Scenario<
    Coordinator.Domain.Backfills.BackfillState,
    Coordinator.Domain.Backfills.BackfillCommand,
    Coordinator.Domain.Backfills.BackfillEvent>;

namespace Coordinator.Domain.Tests.Backfills;

public class BackfillDeciderTests
{
    private static readonly Dictionary<string, long> Blocks = new() { ["eu"] = 100, ["us"] = 50 };

    private static readonly BackfillCommand.Plan PlanCommand = new("m", "migrate-1-backfill", Samples.Review, "update …", ["eu", "us"]);

    private static readonly BackfillEvent.Planned PlannedEvent = new("m", "migrate-1-backfill", Samples.Review, "update …", ["eu", "us"]);

    [Fact]
    public void A_backfill_is_planned_once_and_planning_it_again_is_no_news()
    {
        var scenario = Nothing().When(PlanCommand).Then(PlannedEvent);
        scenario.When(PlanCommand).ThenNothing();
        scenario.When(PlanCommand with { Statement = "update other" }).ThenRejected("BACKFILL_EXISTS", RejectionKind.AlreadyExists);
    }

    [Fact]
    public void Nothing_can_be_asked_of_a_backfill_that_does_not_exist() =>
        Nothing().When(new BackfillCommand.Pause("x")).ThenRejected("BACKFILL_NOT_FOUND", RejectionKind.NotFound);

    [Fact]
    public void It_starts_with_the_size_of_every_shard()
    {
        var scenario = Planned().When(new BackfillCommand.Start(Blocks)).Then(new BackfillEvent.Started(Blocks));
        Assert.Equal(150, scenario.State.TotalBlocks);
        scenario.When(new BackfillCommand.Start(Blocks)).ThenNothing();
    }

    [Fact]
    public void Sizes_that_can_not_be_are_refused()
    {
        foreach (var wrong in new[]
        {
            new Dictionary<string, long> { ["eu"] = 100 },
            new Dictionary<string, long> { ["eu"] = 100, ["us"] = -1 },
            new Dictionary<string, long> { ["eu"] = 100, ["us"] = (1L << 32) + 1 },
            new Dictionary<string, long> { ["eu"] = 100, ["us"] = 1, ["moon"] = 1 },
        })
        {
            Planned().When(new BackfillCommand.Start(wrong)).ThenRejected("BACKFILL_BLOCKS_INVALID", RejectionKind.InvalidArgument);
            Running().When(new BackfillCommand.Restart("x", wrong)).ThenRejected("BACKFILL_BLOCKS_INVALID", RejectionKind.InvalidArgument);
        }
    }

    [Fact]
    public void What_was_not_started_reports_nothing()
    {
        foreach (var command in new BackfillCommand[]
        {
            new BackfillCommand.Pause("x"),
            new BackfillCommand.Resume(),
            new BackfillCommand.Progress(1, 1, 1),
            new BackfillCommand.QuarantineRows(1, "e"),
            new BackfillCommand.Verify(1),
            new BackfillCommand.Finish(1, 1),
            new BackfillCommand.Restart("x", Blocks),
        })
        {
            Planned().When(command).ThenRejected("BACKFILL_NOT_STARTED");
        }
    }

    [Fact]
    public void It_is_paused_and_resumed()
    {
        var scenario = Running().When(new BackfillCommand.Pause("lag")).Then(new BackfillEvent.Paused("lag"));
        scenario.When(new BackfillCommand.Pause("again")).ThenNothing();
        scenario.When(new BackfillCommand.Finish(1, 1)).ThenRejected("BACKFILL_PAUSED");
        scenario.When(new BackfillCommand.Resume()).Then(new BackfillEvent.Resumed());
        scenario.When(new BackfillCommand.Resume()).ThenNothing();
    }

    [Fact]
    public void Progress_goes_forward_also_while_paused()
    {
        var scenario = Running().Given(new BackfillEvent.Paused("lag"));
        scenario.When(new BackfillCommand.Progress(10, 5, 150)).Then(new BackfillEvent.Progressed(10, 5, 150));
        scenario.When(new BackfillCommand.Progress(10, 5, 150)).ThenNothing();
        scenario.When(new BackfillCommand.Progress(9, 5, 150)).ThenNothing();
        scenario.When(new BackfillCommand.Progress(11, 4, 150)).ThenNothing();
        scenario.When(new BackfillCommand.Progress(-1, 5, 150)).ThenRejected("BACKFILL_PROGRESS_INVALID", RejectionKind.InvalidArgument);
        Assert.Equal(10, scenario.State.RowsDone);
    }

    [Fact]
    public void A_rewritten_table_starts_the_pass_again_from_nothing()
    {
        var scenario = Running().Given(new BackfillEvent.Progressed(10, 5, 150), new BackfillEvent.RowsQuarantined(2, "e"));
        scenario.When(new BackfillCommand.Restart("VACUUM FULL", Blocks))
            .Then(new BackfillEvent.Restarted("VACUUM FULL"), new BackfillEvent.Started(Blocks));
        Assert.Equal((0, 0, 0, 1), (scenario.State.RowsDone, scenario.State.BlocksDone, scenario.State.Quarantined, scenario.State.Restarts));
    }

    [Fact]
    public void A_restart_does_not_end_a_pause() => Assert.Equal(
        BackfillStatus.Paused,
        Running().Given(new BackfillEvent.Paused("lag")).When(new BackfillCommand.Restart("x", Blocks)).State.Status);

    [Fact]
    public void A_finished_backfill_of_a_table_that_was_rewritten_runs_again() => Assert.Equal(
        BackfillStatus.Running,
        Running().Given(new BackfillEvent.Finished(1, 1)).When(new BackfillCommand.Restart("x", Blocks)).State.Status);

    [Fact]
    public void Rows_are_waived_with_a_reason_also_after_the_end()
    {
        var scenario = Running().Given(new BackfillEvent.RowsQuarantined(2, "e"), new BackfillEvent.Finished(10, 1));
        scenario.When(new BackfillCommand.WaiveRows("ann", " ", ["k"], 1))
            .ThenRejected("WAIVER_REASON_MISSING", RejectionKind.InvalidArgument);
        scenario.When(new BackfillCommand.WaiveRows("ann", "known", [], 0)).ThenNothing();
        scenario.When(new BackfillCommand.WaiveRows("ann", "known", ["k"], 1))
            .Then(new BackfillEvent.RowsWaived("ann", "known", ["k"], 1));
        scenario.When(new BackfillCommand.RetryRows("ann", 1, 0, 0)).Then(new BackfillEvent.RowsRetried("ann", 1, 0, 0));
        Assert.Equal(1, scenario.State.Waived);
    }

    [Fact]
    public void When_it_goes_on_after_it_stopped_itself_the_rows_of_then_are_accepted()
    {
        var scenario = Running();
        scenario.When(new BackfillCommand.Trip("TOO_MANY_BAD_ROWS", "101 rows", 101))
            .Then(new BackfillEvent.BreakerTripped("TOO_MANY_BAD_ROWS", "101 rows", 101));
        Assert.Equal(101, scenario.State.AcceptedBadRows);
    }

    [Fact]
    public void Quarantined_rows_add_up_and_the_first_error_is_kept()
    {
        var scenario = Running();
        scenario.When(new BackfillCommand.QuarantineRows(2, "first")).Then(new BackfillEvent.RowsQuarantined(2, "first"));
        scenario.When(new BackfillCommand.QuarantineRows(1, "second")).Then(new BackfillEvent.RowsQuarantined(1, "second"));
        scenario.When(new BackfillCommand.QuarantineRows(0, "none")).ThenNothing();
        scenario.When(new BackfillCommand.QuarantineRows(-1, "x")).ThenRejected("BACKFILL_QUARANTINE_INVALID", RejectionKind.InvalidArgument);
        Assert.Equal((3, "first"), (scenario.State.Quarantined, scenario.State.FirstError));
    }

    [Fact]
    public void It_is_tuned_before_and_while_it_runs()
    {
        Planned().When(new BackfillCommand.Tune("ann", 500, null)).Then(new BackfillEvent.Tuned("ann", 500, null));
        var scenario = Running().When(new BackfillCommand.Tune("ann", null, 8)).Then(new BackfillEvent.Tuned("ann", null, 8));
        scenario.When(new BackfillCommand.Tune("bob", null, 8)).ThenNothing();
        scenario.When(new BackfillCommand.Tune("bob", 0, 8)).ThenRejected("BACKFILL_TUNING_INVALID", RejectionKind.InvalidArgument);
        scenario.When(new BackfillCommand.Tune("bob", 10, 0)).ThenRejected("BACKFILL_TUNING_INVALID", RejectionKind.InvalidArgument);
    }

    [Fact]
    public void It_finishes_once_and_can_be_verified_then()
    {
        var scenario = Running().When(new BackfillCommand.Finish(1000, 10)).Then(new BackfillEvent.Finished(1000, 10));
        Assert.Equal((BackfillStatus.Finished, 150), (scenario.State.Status, scenario.State.BlocksDone));
        scenario.When(new BackfillCommand.Finish(1000, 10)).ThenNothing();
        scenario.When(new BackfillCommand.Verify(1000)).Then(new BackfillEvent.Verified(1000));
        scenario.When(new BackfillCommand.Verify(1000)).ThenNothing();
        scenario.When(new BackfillCommand.Progress(1001, 150, 150)).ThenRejected("BACKFILL_FINISHED");
        scenario.When(new BackfillCommand.Pause("x")).ThenRejected("BACKFILL_FINISHED");
    }

    private static BackfillScenario Nothing() => new(BackfillState.Initial, static (s, e) => s.Evolve(e), BackfillDecider.Decide);

    private static BackfillScenario Planned() => Nothing().Given(PlannedEvent);

    private static BackfillScenario Running() => Planned().Given(new BackfillEvent.Started(Blocks));
}

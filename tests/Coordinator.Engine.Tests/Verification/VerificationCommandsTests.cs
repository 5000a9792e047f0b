using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Tests.Driving;
using Coordinator.Engine.Verification;
using Coordinator.EventStore;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Verification;

/// <summary>A verification that somebody asks for, with and without a repair.</summary>
public sealed class VerificationCommandsTests
{
    private const string WritePastTheTrigger =
        """
        do $$ declare v_name text := (select tgname from pg_trigger where tgrelid = 'review'::regclass and tgname like 'zz%'); begin
            execute format('alter table review disable trigger %I', v_name);
            update review set message = 'wrong' where id in (7, 8, 9);
            execute format('alter table review enable always trigger %I', v_name);
        end $$
        """;

    private static readonly VerificationOrder Look = new(Repair: false, OldSideIsRight: false);
    private static readonly VerificationOrder Repair = new(Repair: true, OldSideIsRight: false);

    [Fact]
    public async Task Before_new_versions_may_run_rows_are_repaired_from_the_old_side()
    {
        await using var shop = await FailedAsync();

        // A row that can't be written stays wrong, and says so.
        await shop.Target.ExecuteAsync("alter table review add constraint stars_are_real check (stars > 0) not valid");
        Assert.Equal(3, (await VerifyAsync(shop, Look)).Differences);
        var first = await VerifyAsync(shop, Repair);
        Assert.Equal((2, 1), (first.Repaired, first.Differences));
        Assert.Contains("""{"id": 9}""", Assert.Single(first.Examples), StringComparison.Ordinal);
        await shop.Target.ExecuteAsync("alter table review drop constraint stars_are_real");
        var second = await VerifyAsync(shop, Repair);

        Assert.Equal((1, 0), (second.Repaired, second.Differences));
        var repairs = (await shop.Replica.Get<IEventStore>().Query.FetchStreamAsync("migration-rename-comment"))
            .Where(recorded => recorded.Data is MigrationEvent.RowsRepaired).ToList();
        Assert.Equal([(2L, 1L), (1L, 0L)], repairs.Select(recorded => (MigrationEvent.RowsRepaired)recorded.Data).Select(e => (e.Repaired, e.StillDifferent)));
        Assert.All(repairs, recorded => Assert.Equal("operator", ((MigrationEvent.RowsRepaired)recorded.Data).By));
        await shop.Commands.RetryAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal(4000L, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
    }

    [Fact]
    public async Task Once_new_versions_may_run_somebody_has_to_say_that_the_old_side_is_right()
    {
        await using var shop = await AtTheGateAsync();
        await shop.Target.ExecuteAsync(WritePastTheTrigger);

        var refused = await Assert.ThrowsAsync<EngineException>(() => VerifyAsync(shop, Repair));
        Assert.Equal("REPAIR_SIDE_UNKNOWN", refused.Rejection.Code);
        Assert.Contains("--old-side-is-right", refused.Rejection.Remedy, StringComparison.Ordinal);
        Assert.Equal(3L, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'wrong'"));
        Assert.Equal(3, (await VerifyAsync(shop, Look)).Differences);
        await shop.WaitForAsync(
            view => view.State.Blockers.Any(blocker => blocker.Code == "DIFFERENCES_FOUND"), "the gate has what the request found");

        var repaired = await VerifyAsync(shop, new VerificationOrder(Repair: true, OldSideIsRight: true));

        Assert.Equal((3, 0), (repaired.Repaired, repaired.Differences));
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    [Fact]
    public async Task Rows_in_quarantine_are_left_out_and_said_so()
    {
        await using var shop = await AtTheGateAsync("""
            alter table review add constraint stars_are_real check (stars > 0) not valid
            """, bad: 5);

        var outcome = await VerifyAsync(shop, new VerificationOrder(Repair: true, OldSideIsRight: true));

        Assert.Equal((0, 0, 1), (outcome.Repaired, outcome.Differences, outcome.InQuarantine));
        Assert.True(await shop.Target.ScalarAsync<bool>("select message is null from review where id = 5"));
    }

    [Fact]
    public async Task It_is_refused_where_it_makes_no_sense()
    {
        await using var shop = await ShopScenario.CreateAsync(rows: 100);
        Assert.Equal("MIGRATION_NOT_FOUND", await RefusalAsync(shop, Look));
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(ShopScenario.Rename);
        Assert.Equal("MIGRATION_NOT_STARTED", await RefusalAsync(shop, Look));
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        Assert.Equal("VERIFICATION_TOO_EARLY", await RefusalAsync(shop, Look));
        await using (shop.StartWorker())
        {
            await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
        }

        await shop.Commands.PauseAsync("rename-comment", "night", ShopScenario.Operator, CancellationToken.None);
        Assert.Equal("MIGRATION_PAUSED", await RefusalAsync(shop, Repair));
        await shop.Commands.ResumeAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal("MIGRATION_FINISHED", await RefusalAsync(shop, Look));
    }

    private static Task<VerificationOutcome> VerifyAsync(ShopScenario shop, VerificationOrder order) =>
        shop.Replica.Get<VerificationCommands>().RunAsync("rename-comment", order, ShopScenario.Operator, CancellationToken.None);

    private static async Task<string> RefusalAsync(ShopScenario shop, VerificationOrder order) =>
        (await Assert.ThrowsAsync<EngineException>(() => VerifyAsync(shop, order))).Rejection.Code;

    // A row that the test holds keeps the second batch from its end, while rows of the first are written past the trigger.
    private static async Task<ShopScenario> FailedAsync()
    {
        var shop = await ShopScenario.CreateAsync(rows: 4000, configure: Quickly);
        TestFleet worker;
        // Clustered: an update puts its row behind all others.
        await shop.Target.ExecuteAsync("update review set stars = 0 where id = 9; cluster review using review_pkey; analyze review");
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await Eventually.TrueAsync(
            async () => await shop.Coordination.ScalarAsync<long>("select count(*) from coordinator.backfill") > 0, "the backfill is open");
        await using (var held = await HeldTransaction.BeginAsync(shop.Target, "select from review where id = 4000 for update"))
        {
            worker = shop.StartWorker();
            await Eventually.TrueAsync(
                async () => await shop.Target.ScalarAsync<bool>("select message is not null from review where id = 7"),
                "the first rows are filled");
            await shop.Target.ExecuteAsync(WritePastTheTrigger);
        }

        await shop.WaitForAsync(
            view => view.State.Steps.Values.Any(step => step.FailureCode == "VERIFICATION_FAILED"), "the verification fails");
        await worker.DisposeAsync();
        return shop;
    }

    private static async Task<ShopScenario> AtTheGateAsync(string? prepare = null, int bad = -1)
    {
        var shop = await ShopScenario.CreateAsync(configure: Quickly);
        await shop.Target.ExecuteAsync($"update review set stars = 0 where id = {bad}; {prepare}");
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
        return shop;
    }

    private static void Quickly(EngineOptions options) => options.VerificationSecondLook = TimeSpan.FromMilliseconds(1);
}

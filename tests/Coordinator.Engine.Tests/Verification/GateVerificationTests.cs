using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Readiness;
using Coordinator.Engine.Tests.Driving;
using Coordinator.Engine.Verification;
using Npgsql;

namespace Coordinator.Engine.Tests.Verification;

/// <summary>A migration that waits at its gate is verified again, and its contract rests on the last time.</summary>
public sealed class GateVerificationTests
{
    // In one transaction: afterwards everything looks as it did before.
    private const string WritePastTheTrigger =
        """
        do $$ declare v_name text := (select tgname from pg_trigger where tgrelid = 'review'::regclass and tgname like 'zz%'); begin
            execute format('alter table review disable trigger %I', v_name);
            update review set message = 'wrong' where id in (7, 8);
            execute format('alter table review enable always trigger %I', v_name);
        end $$
        """;

    [Fact]
    public async Task Rows_written_past_the_trigger_block_the_contract_until_they_are_right()
    {
        await using var shop = await AtTheGateAsync();
        await shop.Target.ExecuteAsync(WritePastTheTrigger);
        var blocked = await shop.WaitForAsync(IsBlocked, "the difference is told while an old version still runs");
        Assert.Contains(blocked.State.Blockers, blocker => blocker.Code == "INSTANCE_ALIVE");

        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.WaitForAsync(view => IsBlocked(view) && view.State.Blockers.Count == 1, "only the difference is left");
        var view = await shop.ViewAsync();
        var blocker = view.State.Blockers.Single();
        Assert.Equal("rename-comment: 2 rows of public.review", blocker.Subject);
        Assert.Contains("""{"id": 7} of public.review on shard 'main'""", blocker.Message, StringComparison.Ordinal);
        Assert.Equal(GateStage.Soaking, view.State.Gate);
        var verdict = await shop.Replica.Get<ReadinessQueries>().MilestoneAsync("rename-comment", Milestone.Completed, CancellationToken.None);
        Assert.Equal(Verdict.Blocked, verdict.Verdict);

        await shop.Target.ExecuteAsync("update review set message = comment where id = 7");
        await shop.WaitForAsync(
            now => now.State.Blockers is [{ Subject: "rename-comment: 1 row of public.review" }], "one of them is left");
        await shop.Target.ExecuteAsync("update review set message = comment where id = 8");

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal(2000L, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
    }

    [Fact]
    public async Task A_difference_that_comes_after_the_retirement_still_stops_the_contract_and_leaves_the_way_back()
    {
        await using var shop = await AtTheGateAsync();
        var label = shop.Target.ConnectionStringFor(shop.Roles.Application, "shop-api@1") + ";Pooling=false";
        await using (var session = new NpgsqlConnection(label))
        {
            await session.OpenAsync();
            await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
            await shop.WaitForAsync(view => view.State.Gate == GateStage.Retired, "old versions are retired");
            await shop.Target.ExecuteAsync(WritePastTheTrigger);
        }

        var blocked = await shop.WaitForAsync(IsBlocked, "the rows differ");
        Assert.Equal(GateStage.Retired, blocked.State.Gate);
        await shop.Commands.RollBackAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);
    }

    [Fact]
    public async Task While_it_waits_it_is_verified_at_the_interval()
    {
        await using var shop = await AtTheGateAsync(options => options.VerificationInterval = TimeSpan.FromSeconds(1));
        var first = await VerificationAsync(shop);

        await shop.WaitForAsync(
            view => view.Verifications is [{ State: VerificationState.Good, FinishedAt: var at }] && at > first.FinishedAt, "it is verified again");
        Assert.True(first.Guarded);
    }

    [Fact]
    public async Task A_large_table_that_nobody_touched_is_not_read_again_for_the_contract()
    {
        await using var shop = await AtTheGateAsync(options => options.VerificationInterval = TimeSpan.FromDays(1));
        await shop.Coordination.ExecuteAsync(
            "update coordinator.verification set took = '3 hours', finished_at = clock_timestamp() - interval '5 hours'");
        var before = await VerificationAsync(shop);

        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        var done = await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(before, done.Verifications.Single());
    }

    [Theory]
    [InlineData("took = '1 second', finished_at = clock_timestamp() - interval '5 minutes'")]
    [InlineData("took = '3 hours', evidence = '{}'")]
    [InlineData("took = '3 hours', guarded = false")]
    public async Task Otherwise_it_is_read_once_more(string known)
    {
        await using var shop = await AtTheGateAsync(options => options.VerificationInterval = TimeSpan.FromDays(1));
        await shop.Coordination.ExecuteAsync($"update coordinator.verification set {known}");
        var before = await VerificationAsync(shop);

        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        var done = await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.True(done.Verifications.Single().StartedAt > before.StartedAt);
    }

    [Fact]
    public async Task A_pause_breaks_a_repeated_pass_off()
    {
        await using var shop = await AtTheGateAsync(options => options.VerificationInterval = TimeSpan.FromSeconds(1));
        await using var held = await HeldTransaction.BeginAsync(shop.Target, "lock table review in access exclusive mode");
        await held.WaitersAsync(1);
        await shop.WaitForAsync(view => view.Verifications is [{ State: VerificationState.Running }], "a pass runs");

        await shop.Commands.PauseAsync("rename-comment", "night", ShopScenario.Operator, CancellationToken.None);

        await shop.WaitForAsync(view => view.Verifications is [{ State: VerificationState.BrokenOff }], "it is broken off");
        await held.CommitAsync();
        await shop.Commands.ResumeAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForAsync(view => view.Verifications is [{ State: VerificationState.Good }], "it begins anew");
    }

    private static bool IsBlocked(MigrationView view) => view.State.Blockers.Any(blocker => blocker.Code == "DIFFERENCES_FOUND");

    private static async Task<VerificationRow> VerificationAsync(ShopScenario shop) => Assert.Single((await shop.ViewAsync()).Verifications);

    private static async Task<ShopScenario> AtTheGateAsync(Action<EngineOptions>? configure = null)
    {
        var shop = await ShopScenario.CreateAsync(configure: configure ?? (options =>
        {
            options.VerificationInterval = TimeSpan.FromSeconds(2);
            options.VerificationSecondLook = TimeSpan.FromMilliseconds(1);
        }));
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
        return shop;
    }
}

using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Quarantine;
using Coordinator.Engine.Readiness;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>A row that could not be filled keeps a column from becoming NOT NULL: the migration says so and waits, it does not fail.</summary>
public class UnfilledRowTests
{
    [Fact]
    public async Task A_row_in_quarantine_keeps_the_validation_waiting_until_it_is_retried()
    {
        await using var shop = await StartAsync();
        await using var worker = shop.StartWorker();

        var blocked = await WaitForBlockAsync(shop);

        var blocker = blocked.State.Blockers.Single();
        Assert.Equal("rename-comment: 1 row of public.review", blocker.Subject);
        Assert.Contains("{\"id\": 7}", blocker.Message, StringComparison.Ordinal);
        Assert.Contains("coordinator quarantine retry rename-comment --all", blocker.ClearedBy, StringComparison.Ordinal);
        Assert.Equal(StepStatus.Started, blocked.State.Step("migrate-1-validate-check").Status);
        var verdict = await shop.Replica.Get<ReadinessQueries>().MilestoneAsync("rename-comment", Milestone.Backfilled, CancellationToken.None);
        Assert.Equal(Verdict.Blocked, verdict.Verdict);

        await shop.Target.ExecuteAsync("alter table review drop constraint stars_are_real");
        Assert.Equal(new RetryResult(1, 0, 0, 0), await shop.Replica.Get<QuarantineCommands>().RetryAsync(
            "rename-comment", new RowChoice("", [], All: true), ShopScenario.Operator, CancellationToken.None));
        var done = await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Empty(done.State.Blockers);
        Assert.Equal(1L, await shop.Target.ScalarAsync<long>("select count(*) from review where comment = 'none'"));
    }

    [Fact]
    public async Task A_waiver_is_not_enough_but_a_row_that_the_application_puts_right_is()
    {
        await using var shop = await StartAsync();
        await using var worker = shop.StartWorker();
        await WaitForBlockAsync(shop);

        Assert.Equal(1, await shop.Replica.Get<QuarantineCommands>().WaiveAsync(
            "rename-comment", new RowChoice("", [], All: true), "nobody reads it", ShopScenario.Operator, CancellationToken.None));
        var waived = await WaitForBlockAsync(shop);
        Assert.Contains("A waiver is not enough", waived.State.Blockers.Single().ClearedBy, StringComparison.Ordinal);
        await shop.Target.ExecuteAsync("update review set comment = 'right', stars = 1 where id = 7");

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    private static async Task<ShopScenario> StartAsync()
    {
        var shop = await ShopScenario.CreateAsync(rows: 100);
        await shop.Target.ExecuteAsync(
            """
            update review set comment = null, stars = 0 where id = 7;
            alter table review add constraint stars_are_real check (stars > 0) not valid
            """);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(ShopScenario.SetNotNull);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        return shop;
    }

    private static Task<Migrations.MigrationView> WaitForBlockAsync(ShopScenario shop) => shop.WaitForAsync(
        view => view.State.Blockers is [{ Code: "QUARANTINED_ROWS" }] && view.State.Gate == GateStage.Closed,
        "the validation waits for a row in quarantine");
}

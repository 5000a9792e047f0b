using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Tests.Driving;

public class MainJobTests
{
    [Fact]
    public async Task A_rename_goes_all_the_way_and_waits_for_the_last_old_instance()
    {
        await using var shop = await ShopScenario.CreateAsync();
        await shop.ExpectAsync(ExpectedPopulation.Of(1));
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        var refused = await Assert.ThrowsAsync<EngineException>(() => shop.HeartbeatAsync("new-1", 2));
        Assert.Equal("VERSION_NOT_READY", refused.Rejection.Code);

        await using var worker = shop.StartWorker();
        var waiting = await shop.WaitForAsync(view => view.State.Blockers.Count > 0, "the gate names a blocker");
        Assert.Contains(waiting.State.Blockers, blocker => blocker.Subject == "shop-api/old-1");
        await shop.HeartbeatAsync("new-1", 2);
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(2000, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        Assert.Equal(0L, await shop.Target.ScalarAsync<long>(
            "select count(*) from information_schema.columns where table_name = 'review' and column_name = 'comment'"));
        var late = await Assert.ThrowsAsync<EngineException>(() => shop.HeartbeatAsync("old-2", 1));
        Assert.Equal("VERSION_RETIRED", late.Rejection.Code);
    }
}

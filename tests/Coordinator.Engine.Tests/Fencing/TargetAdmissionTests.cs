using Coordinator.Domain.Migrations;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Targets;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Fencing;

/// <summary>The intervals that a target's own table names, which applications read when they open a connection.</summary>
public class TargetAdmissionTests
{
    [Fact]
    public async Task The_target_is_told_of_every_change_of_the_interval_whoever_made_it()
    {
        await using var shop = await StrictShop.CreateAsync(shards: 2);
        await shop.PlanAsync(shop.Drop());
        await shop.HeartbeatAsync("old-1", 1);
        await shop.Commands.StartAsync(StrictShop.Migration, StrictShop.Operator, CancellationToken.None);
        await shop.WaitForAsync(view => view.State.Gate == GateStage.Draining, "the gate is reached");
        await WaitForAsync(shop, "0-");

        await shop.Retirements.RetireAsync(StrictShop.Migration, "stragglers", StrictShop.Operator, CancellationToken.None);
        await WaitForAsync(shop, "2-");
        await shop.Retirements.UnRetireAsync(StrictShop.Migration, "not yet", StrictShop.Operator, CancellationToken.None);
        await WaitForAsync(shop, "0-");
        await shop.Commands.PauseAsync(StrictShop.Migration, "hold", StrictShop.Operator, CancellationToken.None);
        await shop.Commands.RollBackAsync(StrictShop.Migration, StrictShop.Operator, CancellationToken.None);
        await shop.WaitForAsync(view => view.State.Blockers.Count > 0 || view.State.IsFinished, "it goes back");
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);
        await WaitForAsync(shop, "0-");
    }

    [Fact]
    public async Task A_slow_replica_does_not_replace_a_newer_interval()
    {
        await using var shop = await StrictShop.CreateAsync();
        await shop.ReachGateAsync(shop.Drop());
        var shard = shop.Replica.Get<TargetRegistry>().Get("shop").Shards[0];
        await TargetAdmission.WriteAsync(shard, [new AdmissionInterval("other", 7, 9, 12)], CancellationToken.None);
        await TargetAdmission.WriteAsync(shard, [new AdmissionInterval("other", 5, null, 11)], CancellationToken.None);
        Assert.Equal("7-9", await IntervalAsync(shop, 0, "other"));
        await TargetAdmission.WriteAsync(shard, [new AdmissionInterval("other", 8, null, 13)], CancellationToken.None);
        Assert.Equal("8-", await IntervalAsync(shop, 0, "other"));
    }

    private static async Task WaitForAsync(StrictShop shop, string interval)
    {
        for (var shard = 0; shard < shop.Shards.Count; shard++)
        {
            var at = shard;
            await Eventually.TrueAsync(
                async () => await IntervalAsync(shop, at, "shop-api") == interval, $"shard {shard} admits {interval}");
        }
    }

    private static Task<string> IntervalAsync(StrictShop shop, int shard, string application) => shop.Shards[shard].ScalarAsync<string>(
        $"select coalesce((select min_version || '-' || coalesce(max_version::text, '') from coordinator.admission where application = '{application}'), 'none')");
}

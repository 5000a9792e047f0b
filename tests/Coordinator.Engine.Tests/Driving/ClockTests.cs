using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Tests.Driving;

public class ClockTests
{
    [Fact]
    public async Task No_decision_asks_what_time_it_is_on_the_replicas_machine()
    {
        // Leases and heartbeats end by the coordination database's clock; with the architecture test that nothing reads
        // the time but through TimeProvider, a whole job without it shows that no two machines' clocks are compared.
        await using var shop = await ShopScenario.CreateAsync(time: new NoWallClock());
        await shop.ExpectAsync(ExpectedPopulation.Of(1));
        await shop.HeartbeatAsync("old-1", 1);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await PauseTests.LeaseOneAsync(shop);
        await shop.Coordination.ExecuteAsync("update coordinator.backfill_batch set expires_at = now() - interval '1 second'");
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.Blockers.Count > 0, "the gate names a blocker");
        await shop.HeartbeatAsync("new-1", 2);
        await shop.Instances.LeaveAsync("shop-api", "old-1", CancellationToken.None);

        await shop.WaitForStatusAsync(MigrationStatus.Completed);
    }

    private sealed class NoWallClock : TimeProvider
    {
        public override DateTimeOffset GetUtcNow() =>
            throw new InvalidOperationException("A decision asked for the time of this machine.");
    }
}

using Coordinator.Domain.Migrations;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Tests.Driving;

public sealed class BatchRetentionTests
{
    [Fact]
    public async Task Batches_of_a_migration_that_ended_long_ago_go_and_its_sums_stay()
    {
        await using var shop = await ShopScenario.CreateAsync();
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using (shop.StartWorker())
        {
            await shop.WaitForAsync(view => view.Backfills.Any(backfill => backfill.State == BackfillRowState.Finished), "the backfill is finished");
        }

        var retention = shop.Replica.Get<BatchRetention>();
        var before = Assert.Single((await shop.ViewAsync()).Backfills);
        Assert.Equal(
            (before.Batches, before.DoneBlocks, before.Rows),
            (await LedgerAsync(shop, "count(*)"), await LedgerAsync(shop, "sum(hi - lo)::bigint"), await LedgerAsync(shop, "sum(rows)::bigint")));
        Assert.Equal(before.TotalBlocks, before.DoneBlocks);

        // It has not ended; and one that has, a moment ago, is kept.
        await retention.PruneAsync(CancellationToken.None);
        Assert.Equal(before.Batches, await LedgerAsync(shop, "count(*)"));

        await shop.Commands.RollBackAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.WaitForStatusAsync(MigrationStatus.RolledBack);
        await retention.PruneAsync(CancellationToken.None);
        Assert.Equal(before.Batches, await LedgerAsync(shop, "count(*)"));
        await shop.Coordination.ExecuteAsync("update coordinator.migration set ended_at = now() - interval '8 days'");

        // A fence that somebody opened again keeps the ledger.
        await shop.Target.ExecuteAsync("update coordinator.fence set mode = 'open'");
        await retention.PruneAsync(CancellationToken.None);
        Assert.Equal(before.Batches, await LedgerAsync(shop, "count(*)"));
        await shop.Target.ExecuteAsync("update coordinator.fence set mode = 'closed'");

        await retention.PruneAsync(CancellationToken.None);

        Assert.Equal(0, await LedgerAsync(shop, "count(*)"));
        Assert.Equal(0, await shop.Coordination.ScalarAsync<long>("select count(*) from coordinator.backfill_batch"));
        if (Assert.Single((await shop.ViewAsync()).Backfills) is var after)
        {
            Assert.Equal((before.Batches, before.Rows, before.DoneBlocks), (after.Batches, after.Rows, after.DoneBlocks));
        }
    }

    private static Task<long> LedgerAsync(ShopScenario shop, string what) =>
        shop.Target.ScalarAsync<long>($"select {what} from coordinator.ledger");
}

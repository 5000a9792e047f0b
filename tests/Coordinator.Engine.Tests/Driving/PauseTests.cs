using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Leasing;
using Coordinator.Testing;
using Coordinator.Worker.Batches;

namespace Coordinator.Engine.Tests.Driving;

public class PauseTests
{
    [Fact]
    public async Task Nothing_granted_before_a_pause_commits_after_it_was_acknowledged()
    {
        await using var shop = await StartedAsync();
        var batch = await LeaseOneAsync(shop);

        await shop.Commands.PauseAsync("rename-comment", "lunch", ShopScenario.Operator, CancellationToken.None);
        await AssertFencedAsync(shop, batch);
        Assert.Empty(await shop.Replica.Get<BatchLeasing>().AcquireAsync(
            "other", ["shop"], 1, Guid.NewGuid(), null, CancellationToken.None));
    }

    [Fact]
    public async Task A_resumed_migration_goes_on_where_it_was()
    {
        await using var shop = await StartedAsync();
        await shop.ExpectAsync(ExpectedPopulation.None);
        await LeaseOneAsync(shop);
        await shop.Commands.PauseAsync("rename-comment", "lunch", ShopScenario.Operator, CancellationToken.None);
        Assert.Equal(MigrationStatus.Paused, (await shop.ViewAsync()).State.Status);

        await shop.Commands.ResumeAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await shop.Coordination.ExecuteAsync("update coordinator.backfill_batch set expires_at = now() - interval '1 second'");
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(2000, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
    }

    [Fact]
    public async Task A_replica_that_died_between_the_record_and_the_fence_is_made_good_by_the_next()
    {
        await using var shop = await StartedAsync();
        var batch = await LeaseOneAsync(shop);
        await using (var fenceHeld = await shop.Target.DataSource.OpenConnectionAsync())
        await using (var holder = await fenceHeld.BeginTransactionAsync())
        {
            // The fence row is held, so the command records the pause and then hangs before the fence: as a death there would.
            await using var hold = new Npgsql.NpgsqlCommand("select from coordinator.fence for update", fenceHeld);
            await hold.ExecuteNonQueryAsync();
            using var gone = new CancellationTokenSource();
            var pausing = shop.Commands.PauseAsync("rename-comment", "lunch", ShopScenario.Operator, gone.Token);
            await shop.WaitForStatusAsync(MigrationStatus.Paused);
            Assert.False(pausing.IsCompleted);
            await gone.CancelAsync();
            await Assert.ThrowsAnyAsync<OperationCanceledException>(() => pausing);
        }

        await Eventually.TrueAsync(
            async () => await shop.Target.ScalarAsync<string>("select mode from coordinator.fence") == "paused",
            "the driver raised the fence");
        await AssertFencedAsync(shop, batch);
    }

    internal static async Task<GrantedBatch> LeaseOneAsync(ShopScenario shop)
    {
        IReadOnlyList<GrantedBatch> batches = [];
        await Eventually.TrueAsync(
            async () =>
            {
                batches = await shop.Replica.Get<BatchLeasing>().AcquireAsync(
                    "slow", ["shop"], 1, Guid.NewGuid(), null, CancellationToken.None);
                return batches.Count > 0;
            },
            "a batch is granted");
        return batches[0];
    }

    internal static async Task AssertFencedAsync(ShopScenario shop, GrantedBatch batch)
    {
        var outcome = await BatchTransaction.RunAsync(shop.Roles.WorkerSource, TestFleet.ToGrant(batch), CancellationToken.None);

        Assert.IsType<BatchOutcome.FenceMoved>(outcome);
        Assert.Equal(0, await shop.Target.ScalarAsync<long>("select count(*) from coordinator.ledger where state = 'done'"));
    }

    private static async Task<ShopScenario> StartedAsync()
    {
        var shop = await ShopScenario.CreateAsync();
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        return shop;
    }
}

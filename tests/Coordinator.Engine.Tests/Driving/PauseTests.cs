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

    /// <summary>
    /// The driver that sees the pause raises the fence as well, and whoever comes second finds it raised: it must wait all the
    /// same, because the first one may be waiting still.
    /// </summary>
    [Fact]
    public async Task A_pause_that_finds_the_fence_raised_waits_for_the_batches_under_way_too()
    {
        await using var shop = await ShopScenario.CreateAsync(drive: false);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        await using var batch = await HeldTransaction.BeginAsync(
            shop.Target, "select pg_advisory_xact_lock_shared(coordinator.fence_key('rename-comment'))");
        await shop.Target.ExecuteAsync("update coordinator.fence set generation = generation + 1, mode = 'paused'");

        var pausing = shop.Commands.PauseAsync("rename-comment", "lunch", ShopScenario.Operator, CancellationToken.None);
        await Eventually.TrueAsync(
            async () => pausing.IsCompleted || await shop.Target.ScalarAsync<bool>(
                "select exists (select from pg_stat_activity where datname = current_database() and query like '%pg_try_advisory_xact_lock(coordinator.fence_key%' and pid <> pg_backend_pid())"),
            "the pause tries whether a batch is under way");

        Assert.False(pausing.IsCompleted, "the pause was acknowledged while a batch was under way");
        await batch.CommitAsync();
        await pausing;
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

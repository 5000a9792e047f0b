using Coordinator.Domain.Applications;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Leasing;
using Coordinator.EventStore;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>The coordinator believes the target's ledger: not the worker, and not its own rows.</summary>
public class LedgerAuthorityTests
{
    private const int Rows = 20_000;

    [Fact]
    public async Task A_batch_that_a_worker_reported_without_doing_it_is_done_again()
    {
        await using var shop = await StartedAsync();
        var claimed = await LeaseAsync(shop, 2);
        await shop.Replica.Get<BatchLeasing>().CompleteAsync(
            "liar",
            [.. claimed.Select(batch => new BatchReceipt(batch.Token, 1_000, batch.SystemIdentifier, batch.Timeline))],
            CancellationToken.None);

        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        await AssertDoneOnceAsync(shop);
    }

    [Fact]
    public async Task What_the_coordinator_lost_it_learns_again_from_the_ledger()
    {
        await using var shop = await StartedAsync();
        await LeaseAsync(shop, 1);
        await using var worker = shop.StartWorker();
        await AllButOneAreDoneAsync(shop);

        // As a restored coordination database: it has never heard of any commit.
        await shop.Coordination.ExecuteAsync(
            """
            update coordinator.backfill_batch set state = 0, epoch = 1, row_count = null, holder = '', expires_at = now()
             where state = 1
            """);
        await AllButOneAreDoneAsync(shop);
        await EndLeasesAsync(shop);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        await AssertDoneOnceAsync(shop);
        Assert.Equal(Rows, Assert.Single((await EventsAsync(shop)).OfType<BackfillEvent.Finished>()).Rows);
    }

    [Fact]
    public async Task A_table_that_was_cut_again_in_other_sizes_is_gone_through_again()
    {
        await using var shop = await StartedAsync();
        await LeaseAsync(shop, 1);
        await using var worker = shop.StartWorker();
        await AllButOneAreDoneAsync(shop);

        // As a restored coordination database that grants the same blocks anew.
        await shop.Coordination.ExecuteAsync(
            """
            update coordinator.backfill_batch
               set state = 0, epoch = 1, row_count = null, holder = '', expires_at = now(), end_block = end_block - 1
             where state = 1 and end_block > first_block + 1
            """);
        await EndLeasesAsync(shop);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        await AssertDoneOnceAsync(shop);
        Assert.Contains((await EventsAsync(shop)).OfType<BackfillEvent.Restarted>(), restarted =>
            restarted.Reason.Contains("has lost batches", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Batches_that_a_failover_lost_are_done_again_before_the_backfill_ends()
    {
        await using var servers = await ReplicatedServer.StartAsync();
        await using var shop = await StartedAsync(servers.AdminConnectionString);
        await LeaseAsync(shop, 1);
        await using var worker = shop.StartWorker();
        await Eventually.TrueAsync(async () => await DoneAsync(shop) > 0, "some batches are done");
        await servers.CutOffStandbyAsync();
        await AllButOneAreDoneAsync(shop);
        var before = await LedgerAsync(shop);

        await servers.FailOverAsync();
        shop.Target.DataSource.Clear();
        var after = await LedgerAsync(shop);
        Assert.True(after < before, $"The failover lost nothing: {after} of {before} batches are in the ledger.");
        await Eventually.TrueAsync(async () => await LedgerAsync(shop) == before, "what was lost is done again");
        await EndLeasesAsync(shop);
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        await AssertDoneOnceAsync(shop);
    }

    [Fact]
    public async Task A_rewritten_table_is_gone_through_again_and_older_leases_are_fenced_off()
    {
        await using var shop = await StartedAsync();
        var old = (await LeaseAsync(shop, 1))[0];
        await shop.Target.ExecuteAsync("vacuum full review");
        await Eventually.TrueAsync(
            async () => await shop.Coordination.ScalarAsync<int>("select pass from coordinator.backfill") == 2, "a second pass");

        await PauseTests.AssertFencedAsync(shop, old);
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        await AssertDoneOnceAsync(shop);
        var restarted = Assert.Single((await EventsAsync(shop)).OfType<BackfillEvent.Restarted>());
        Assert.Contains("rewritten", restarted.Reason, StringComparison.Ordinal);
    }

    private static async Task<ShopScenario> StartedAsync(string? targetServer = null)
    {
        var shop = await ShopScenario.CreateAsync(Rows, targetServer: targetServer);
        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(ShopScenario.Rename);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        return shop;
    }

    /// <summary>Leases that nobody works on and that don't run out by themselves.</summary>
    private static async Task<IReadOnlyList<GrantedBatch>> LeaseAsync(ShopScenario shop, int count)
    {
        IReadOnlyList<GrantedBatch> batches = [];
        await Eventually.TrueAsync(
            async () =>
            {
                batches = await shop.Replica.Get<BatchLeasing>().AcquireAsync(
                    "liar", ["shop"], count, Guid.NewGuid(), null, CancellationToken.None);
                return batches.Count == count;
            },
            "batches are granted");
        await shop.Coordination.ExecuteAsync("update coordinator.backfill_batch set expires_at = now() + interval '1 hour'");
        return batches;
    }

    private static Task EndLeasesAsync(ShopScenario shop) => shop.Coordination.ExecuteAsync(
        "update coordinator.backfill_batch set expires_at = now() where holder = 'liar' and state = 0");

    private static Task AllButOneAreDoneAsync(ShopScenario shop) => Eventually.TrueAsync(
        () => shop.Coordination.ScalarAsync<bool>(
            """
            select (select count(*) from coordinator.backfill_batch where state = 0) = 1
               and not exists (select from coordinator.backfill_range where next_block < end_block)
            """),
        "all batches but the held one are done");

    private static async Task<IEnumerable<object>> EventsAsync(ShopScenario shop)
    {
        var step = await shop.Coordination.ScalarAsync<string>("select step from coordinator.backfill");
        var events = await shop.Replica.Get<IEventStore>().Query.FetchStreamAsync($"backfill-rename-comment-{step}");
        return events.Select(happened => happened.Data);
    }

    private static Task<long> DoneAsync(ShopScenario shop) =>
        shop.Coordination.ScalarAsync<long>("select count(*) from coordinator.backfill_batch where state = 1");

    private static Task<long> LedgerAsync(ShopScenario shop) =>
        shop.Target.ScalarAsync<long>("select count(*) from coordinator.ledger where state = 'done'");

    private static async Task AssertDoneOnceAsync(ShopScenario shop)
    {
        Assert.Equal(Rows, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        Assert.Equal(Rows, await shop.Target.ScalarAsync<long>("select sum(rows)::bigint from coordinator.ledger"));
    }
}

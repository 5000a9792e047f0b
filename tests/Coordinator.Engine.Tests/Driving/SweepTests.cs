using Coordinator.Domain.Applications;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>A table that is filled in sweeps: as one that is not, but the new versions of most rows fit beside the old ones.</summary>
public class SweepTests
{
    private const int Rows = 30_000;

    [Fact]
    public async Task Most_rows_stay_on_their_page_and_every_row_is_filled()
    {
        await using var shop = await StartedAsync();
        var blocks = await BlocksAsync(shop);
        await using (shop.StartWorker())
        {
            await shop.WaitForStatusAsync(MigrationStatus.Completed);
        }

        Assert.Equal(Rows, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        Assert.Equal(Rows, await shop.Target.ScalarAsync<long>(Sum("rows")));
        var cell = BlockSweeps.CellOf(blocks, from: 1);
        Assert.Equal(BlockSweeps.Visits(blocks, cell), await shop.Target.ScalarAsync<long>(Sum("hi - lo")));
        // In one go it would be twice as large. Three quarters of the rows could have stayed; but whatever looks at the target keeps old
        // rows, and so small a table is gone over within a few looks.
        Assert.InRange(await BlocksAsync(shop), blocks + (blocks / 5), blocks + (blocks * 9 / 10));
    }

    [Fact]
    public async Task A_small_table_is_filled_in_one_go()
    {
        await using var shop = await StartedAsync(from: 2048);
        var blocks = await BlocksAsync(shop);
        await using (shop.StartWorker())
        {
            await shop.WaitForStatusAsync(MigrationStatus.Completed);
        }

        Assert.Equal(blocks, await shop.Target.ScalarAsync<long>(Sum("hi - lo")));
    }

    [Fact]
    public async Task An_indexed_column_is_filled_in_one_go()
    {
        await using var shop = await StartedAsync(
            """
            migration: rename-comment
            target: shop
            versions:
              shop-api: { uses_new_from: 2, free_of_old_from: 2 }
            operations:
              - set_not_null: { table: review, column: comment, fill: "'none'" }
            """);
        var blocks = await BlocksAsync(shop);
        await using (shop.StartWorker())
        {
            await shop.WaitForStatusAsync(MigrationStatus.Completed);
        }

        Assert.Equal(blocks, await shop.Target.ScalarAsync<long>(Sum("hi - lo")));
    }

    [Fact]
    public async Task A_row_that_can_not_be_filled_goes_into_quarantine_and_all_others_are_filled()
    {
        await using var shop = await StartedAsync(prepare:
            "update review set stars = 0 where id = 777; alter table review add constraint stars_are_real check (stars > 0) not valid");
        await using var worker = shop.StartWorker();
        var blocked = await shop.WaitForAsync(view => view.State.Blockers.Count > 0, "the row in quarantine blocks");

        Assert.Equal("rename-comment: 1 row of public.review", blocked.State.Blockers.Single().Subject);
        Assert.Equal(Rows - 1, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
    }

    private static async Task<ShopScenario> StartedAsync(string yaml = ShopScenario.Rename, long from = 16, string? prepare = null)
    {
        var shop = await ShopScenario.CreateAsync(Rows, configure: options => options.SweepFromBlocks = from);
        await shop.Target.ExecuteAsync("alter table review set (autovacuum_enabled = false)");
        await shop.Target.ExecuteAsync("vacuum analyze review");
        if (prepare is not null)
        {
            await shop.Target.ExecuteAsync(prepare);
        }

        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(yaml);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        return shop;
    }

    private static string Sum(string column) => $"select sum({column})::bigint from coordinator.ledger where state = 'done'";

    private static Task<long> BlocksAsync(ShopScenario shop) =>
        shop.Target.ScalarAsync<long>("select pg_relation_size('review') / 8192");
}

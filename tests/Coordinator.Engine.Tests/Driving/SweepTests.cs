using Coordinator.Domain.Applications;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Migrations;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>A table that is filled in sweeps: as one that is not, but the new versions of most rows fit beside the old ones.</summary>
public class SweepTests
{
    private const int Rows = 30_000;

    [Fact]
    public async Task Each_block_is_visited_four_times_and_every_row_is_filled_once()
    {
        await using var shop = await StartedAsync();
        var blocks = await BlocksAsync(shop.Target);
        await using (shop.StartWorker())
        {
            await shop.WaitForStatusAsync(MigrationStatus.Completed);
        }

        Assert.Equal(Rows, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        Assert.Equal(Rows, await shop.Target.ScalarAsync<long>(Sum("rows")));
        var cell = BlockSweeps.CellOf(blocks, from: 1);
        Assert.Equal(BlockSweeps.Visits(blocks, cell), await shop.Target.ScalarAsync<long>(Sum("hi - lo")));
    }

    /// <summary>In a database of its own, since any session that looks keeps old versions for a moment.</summary>
    [Fact]
    public async Task Most_rows_stay_on_their_page()
    {
        await using var database = await TestDatabase.CreateAsync();
        await database.ExecuteAsync(
            $"""
            create table review (id int primary key, comment text, stars int not null default 3, message text) with (autovacuum_enabled = false);
            insert into review select n, 'comment ' || n from generate_series(1, {Rows}) n;
            """);
        await database.ExecuteAsync("vacuum analyze review");
        var blocks = await BlocksAsync(database);

        for (var sweep = 0L; sweep < BlockSweeps.Count; sweep++)
        {
            await database.ExecuteAsync(BlockSweeps.Narrow(
                $"update review set message = comment where ctid < '({blocks},0)' and message is distinct from comment", sweep << 30));
            // Nothing younger than the oldest transaction that writes is pruned, whichever database that one is in: another test's, say.
            var written = await database.ScalarAsync<long>("select txid_current()");
            await Eventually.TrueAsync(
                () => database.ScalarAsync<bool>($"select txid_snapshot_xmin(txid_current_snapshot()) > {written}"),
                "every transaction that began before has ended");
        }

        Assert.Equal(Rows, await database.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        // In one go it would be more than twice as large. Three quarters of the rows can stay, but the new column needs room as well.
        Assert.InRange(await BlocksAsync(database), blocks + (blocks / 5), blocks + (blocks * 2 / 3));
    }

    [Fact]
    public async Task A_small_table_is_filled_in_one_go()
    {
        await using var shop = await StartedAsync(from: 2048);
        var blocks = await BlocksAsync(shop.Target);
        await using (shop.StartWorker())
        {
            await shop.WaitForStatusAsync(MigrationStatus.Completed);
        }

        Assert.Equal(blocks, await shop.Target.ScalarAsync<long>(Sum("hi - lo")));
    }

    [Fact]
    public async Task An_indexed_column_is_filled_in_one_go()
    {
        await using var shop = await StartedAsync(ShopScenario.SetNotNull);
        var blocks = await BlocksAsync(shop.Target);
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

    private static Task<long> BlocksAsync(TestDatabase database) =>
        database.ScalarAsync<long>("select pg_relation_size('review') / 8192");
}

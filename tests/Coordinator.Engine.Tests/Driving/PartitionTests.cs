using Coordinator.Domain.Applications;
using Coordinator.Domain.Migrations;
using Coordinator.Engine.Quarantine;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>A partitioned table is migrated as a whole, while its partitions come, go, and hand rows to each other.</summary>
public class PartitionTests
{
    private const string Tables =
        """
        create table review (id int not null, region text not null, comment text, stars int not null default 3)
            partition by list (region);
        create table review_eu partition of review for values in ('eu') partition by range (id);
        create table review_eu_1 partition of review_eu for values from (1) to (1001);
        create table review_eu_2 partition of review_eu for values from (1001) to (9999);
        create table review_us partition of review for values in ('us');
        insert into review select n, case when n % 3 = 0 then 'us' else 'eu' end, 'comment ' || n from generate_series(1, 3000) n
        """;

    [Fact]
    public async Task Every_partition_is_filled_and_contracted()
    {
        await using var shop = await StartedAsync(ShopScenario.Rename);
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(3000, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        Assert.Equal(3, await shop.Target.ScalarAsync<long>("select count(distinct step) from coordinator.ledger where state = 'done'"));
        Assert.Equal(0, await shop.Target.ScalarAsync<long>("select count(*) from pg_trigger where tgname like 'zz_coordinator%'"));
    }

    [Fact]
    public async Task A_column_of_a_partitioned_table_becomes_not_null()
    {
        await using var shop = await StartedAsync(
            ShopScenario.SetNotNull,
            prepare: "update review set comment = null where id % 5 = 0");
        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(600, await shop.Target.ScalarAsync<long>("select count(*) from review where comment = 'none'"));
        Assert.Equal(5, await shop.Target.ScalarAsync<long>("select count(*) from pg_attribute where attname = 'comment' and attnotnull"));
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_row_that_can_not_be_filled_waits_in_its_partition_and_all_others_are_filled(bool key)
    {
        await using var shop = await StartedAsync(
            ShopScenario.Rename,
            prepare: $"""
                {(key ? "alter table review add primary key (id, region);" : "")}
                update review set stars = 0 where id = 1501;
                alter table review add constraint stars_are_real check (stars > 0) not valid;
                """);
        await using var worker = shop.StartWorker();

        var blocked = await shop.WaitForAsync(view => view.State.Blockers is [{ Code: "QUARANTINED_ROWS" }], "the row waits");

        var blocker = blocked.State.Blockers.Single();
        Assert.Equal("rename-comment: 1 row of public.review", blocker.Subject);
        const string Partition = "\"public\".\"review_eu_2\"";
        Assert.Contains(
            key ? $"{{\"id\": 1501, \"region\": \"eu\"}} in {Partition}" : $"}} in {Partition}", blocker.Message, StringComparison.Ordinal);
        Assert.Equal(2999, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
        var quarantine = shop.Replica.Get<QuarantineCommands>();
        var row = Assert.Single((await quarantine.ListAsync("rename-comment", "", 10, "", CancellationToken.None)).Rows).Row;
        Assert.Equal((Partition, "23514"), (row.Table, row.SqlState));
        Assert.StartsWith("migrate-1-backfill-", row.Step, StringComparison.Ordinal);

        Assert.Equal(new RetryResult(0, 0, 1, 0), await RetryAsync(shop, row.Key));
        await shop.Target.ExecuteAsync("alter table review drop constraint stars_are_real");
        Assert.Equal(new RetryResult(1, 0, 0, 0), await RetryAsync(shop, row.Key));
        await shop.WaitForStatusAsync(MigrationStatus.Completed);
        Assert.Equal(3000, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
    }

    [Fact]
    public async Task A_partition_attached_meanwhile_is_filled_too()
    {
        await using var shop = await StartedAsync(ShopScenario.Rename);
        await BackfillingAsync(shop);
        await shop.Target.ExecuteAsync(
            $"""
            create table review_asia (like review including defaults);
            insert into review_asia (id, region, comment) select n, 'asia', 'comment ' || n from generate_series(5001, 5500) n;
            alter table review_asia owner to {shop.Roles.Owner};
            grant select, update on review_asia to {shop.Roles.Worker};
            alter table review attach partition review_asia for values in ('asia')
            """);

        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(3500, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
    }

    [Theory]
    [InlineData("drop table review_us")]
    [InlineData("alter table review detach partition review_us")]
    public async Task A_partition_that_goes_meanwhile_is_let_go(string statement)
    {
        await using var shop = await StartedAsync(ShopScenario.Rename);
        await BackfillingAsync(shop);
        await shop.Target.ExecuteAsync(statement);

        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(2000, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
    }

    [Fact]
    public async Task A_partition_that_goes_while_its_batches_are_out_is_let_go()
    {
        await using var shop = await StartedAsync(ShopScenario.Rename);
        await PauseTests.LeaseOneAsync(shop);
        await shop.Target.ExecuteAsync("drop table review_eu_1");

        await using var worker = shop.StartWorker();
        await shop.WaitForStatusAsync(MigrationStatus.Completed);

        Assert.Equal(0, await shop.Target.ScalarAsync<long>("select count(*) from review where message is null"));
    }

    [Fact]
    public async Task A_row_that_moves_into_a_finished_partition_is_in_sync_there()
    {
        await using var shop = await StartedAsync(ShopScenario.Rename);
        await BackfillingAsync(shop);
        await using (shop.StartWorker())
        {
            await Eventually.TrueAsync(
                async () => await shop.Target.ScalarAsync<long>("select count(*) from review_eu_1 where message is null") == 0,
                "the first partition is filled");
        }

        await shop.Target.ExecuteAsync("update review set region = 'eu' where region = 'us' and id <= 1000");
        Assert.Equal(0, await shop.Target.ScalarAsync<long>("select count(*) from review_eu_1 where message is distinct from comment"));
        await using var worker = shop.StartWorker();
        await shop.WaitForAsync(view => view.State.IsFinished, "the end");

        Assert.Equal(3000, await shop.Target.ScalarAsync<long>("select count(*) from review where message = 'comment ' || id"));
    }

    private static Task<RetryResult> RetryAsync(ShopScenario shop, string key) => shop.Replica.Get<QuarantineCommands>().RetryAsync(
        "rename-comment", new RowChoice("", [key], All: false), ShopScenario.Operator, CancellationToken.None);

    private static async Task<ShopScenario> StartedAsync(string yaml, string? prepare = null)
    {
        var shop = await ShopScenario.CreateAsync(tables: Tables);
        if (prepare is not null)
        {
            await shop.Target.ExecuteAsync(prepare);
        }

        await shop.ExpectAsync(ExpectedPopulation.None);
        await shop.PlanAsync(yaml);
        await shop.Commands.StartAsync("rename-comment", ShopScenario.Operator, CancellationToken.None);
        return shop;
    }

    private static Task BackfillingAsync(ShopScenario shop) => Eventually.TrueAsync(
        async () => await shop.Coordination.ScalarAsync<long>("select count(*) from coordinator.backfill") > 0, "the backfill is open");
}

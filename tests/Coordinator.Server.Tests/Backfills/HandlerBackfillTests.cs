using Coordinator.Server.Tests.Hosting;
using Coordinator.Testing;
using Coordinator.Worker.Handlers;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using GateStage = Coordinator.V1.Migration.Types.GateStage;

namespace Coordinator.Server.Tests.Backfills;

/// <summary>A backfill that only application code can do, from its specification to its last row, over the wire.</summary>
public sealed class HandlerBackfillTests(ShopFixture shop) : IClassFixture<ShopFixture>
{
    private const int Rows = 5000;

    [Fact]
    public async Task A_handler_runs_every_batch_of_its_backfill_once_and_nobody_else_is_given_one()
    {
        await shop.ExecuteAsOwnerAsync(
            $"""
            create table product (id int primary key, title text not null, slug text, times int not null default 0) with (fillfactor = 40);
            insert into product (id, title) select i, 'Größe ' || i from generate_series(1, {Rows}) i
            """);
        await shop.Shop.ExecuteAsync("analyze product");
        var name = Specs.NewName();
        var planned = (await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Spec(name)))).Migration;
        Assert.Contains(planned.Steps, step => step.Description == "run handler slug over public.product");
        Assert.Contains(planned.Steps, step => step.Statements.Contains("handler slug"));
        await shop.Server.Migrations.StartMigrationAsync(new() { Name = name });

        using (var without = WorkerHost(_ => { }))
        {
            await without.StartAsync();
            await WaitForAsync(
                name, migration => migration.StatusMessage.Contains("no worker offers handler slug", StringComparison.Ordinal), "the reason");
            Assert.Equal(0, await shop.Coordination.ScalarAsync<long>(
                $"select count(*) from coordinator.backfill_batch where migration = '{name}'"));
            await without.StopAsync();
        }

        using var worker = WorkerHost(services => services.AddBackfillHandler<SlugHandler>("slug"));
        await worker.StartAsync();
        var done = await WaitForAsync(name, migration => migration.GateStage == GateStage.Draining, "the gate");

        var backfill = Assert.Single(done.Backfills);
        Assert.Equal((Rows, true), (backfill.RowCount, backfill.Finished));
        Assert.True(backfill.BatchCount > 1, "several batches");
        Assert.Equal(Rows, await shop.Shop.ScalarAsync<long>("select count(*) from product where slug = 'grosse-' || id and times = 1"));
        await worker.StopAsync();
        await shop.Server.Migrations.RollBackMigrationAsync(new() { Name = name });
    }

    [Fact]
    public async Task A_handlers_failure_is_told_and_the_batch_tried_again()
    {
        await shop.ExecuteAsOwnerAsync(
            "create table fragile (id int primary key, slug text); insert into fragile select i from generate_series(1, 10) i");
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Spec(name, "fragile", "number")));
        await shop.Server.Migrations.StartMigrationAsync(new() { Name = name });
        var healthy = false;
        using var worker = WorkerHost(services => services.Configure<Worker.CoordinatorWorkerOptions>(options => options.AddHandler(
            "number",
            (batch, _) => Volatile.Read(ref healthy)
                ? batch.ExecuteAsync($"update {batch.Table} set slug = id::text where {{range}}")
                : throw new FormatException("the dictionary is away"))));
        await worker.StartAsync();
        var failing = await WaitForAsync(
            name, migration => migration.Backfills.Any(backfill => backfill.LastFailureMessage.Length > 0), "the failure");

        Assert.Equal("HANDLER_FAILED: FormatException: the dictionary is away", failing.Backfills.Single().LastFailureMessage);
        Volatile.Write(ref healthy, true);
        await WaitForAsync(name, migration => migration.GateStage == GateStage.Draining, "the gate");
        Assert.Equal(10, await shop.Shop.ScalarAsync<long>("select count(*) from fragile where slug = id::text"));
        await worker.StopAsync();
        await shop.Server.Migrations.RollBackMigrationAsync(new() { Name = name });
    }

    [Fact]
    public async Task A_row_that_a_handler_can_not_fill_blocks_the_contract_until_it_is_gone_or_waived()
    {
        await shop.ExecuteAsOwnerAsync(
            "create table priced (id int primary key, text text, price int); insert into priced select i, i from generate_series(1, 100) i; "
            + "update priced set text = 'free' where id in (7, 8)");
        var name = Specs.NewName();
        await shop.Server.Migrations.PlanMigrationAsync(Specs.Plan(Spec(name, "priced", "price")));
        await shop.Server.Migrations.StartMigrationAsync(new() { Name = name });
        using var worker = WorkerHost(services => services.Configure<Worker.CoordinatorWorkerOptions>(options => options.AddHandler(
            "price", (batch, _) => batch.ExecuteAsync($"update {batch.Table} set price = text::int where {{range}}"))));
        await worker.StartAsync();

        var blocked = await WaitForAsync(
            name, migration => migration.Blockers.Any(blocker => blocker.Code == "QUARANTINED_ROWS"), "the reason at the gate");

        var blocker = blocked.Blockers.Single(blocker => blocker.Code == "QUARANTINED_ROWS");
        Assert.Contains("2 rows of public.priced", blocker.Message, StringComparison.Ordinal);
        Assert.Contains("write the rows as handler price would", blocker.ClearedBy, StringComparison.Ordinal);
        Assert.Equal(98, await shop.Shop.ScalarAsync<long>("select count(*) from priced where price = id"));
        var refused = await Refusal.OfAsync(shop.Server.Backfills.RetryQuarantinedRowsAsync(new() { Parent = name, All = true }));
        Assert.Equal("ROW_NEEDS_HANDLER", refused.Reason);
        await shop.Shop.ExecuteAsync("delete from priced where id = 7");
        await WaitForAsync(
            name,
            migration => migration.Blockers.Any(blocker => blocker.Message.Contains("1 row of public.priced", StringComparison.Ordinal)),
            "the row that is gone is let go");
        await shop.Server.Backfills.WaiveQuarantinedRowsAsync(new() { Parent = name, Keys = { """{"id": 8}""" }, Reason = "free of charge" });
        await WaitForAsync(
            name, migration => migration.Blockers.All(blocker => blocker.Code != "QUARANTINED_ROWS"), "the gate without that reason");
        await worker.StopAsync();
        await shop.Server.Migrations.RollBackMigrationAsync(new() { Name = name });
    }

    private static V1.MigrationSpec Spec(string name, string table = "product", string handler = "slug") => new()
    {
        Migration = name,
        Target = "shop",
        Versions = { ["shop-api"] = new V1.VersionRule { UsesNewFrom = 42, FreeOfOldFrom = 42 } },
        Operations =
        {
            new V1.Operation
            {
                RawSql = new()
                {
                    Backfill = new() { Table = table, Handler = handler },
                    Contract = $"comment on table {table} is 'done'",
                },
            },
        },
    };

    private IHost WorkerHost(Action<IServiceCollection> configure)
    {
        var builder = Host.CreateEmptyApplicationBuilder(null);
        builder.Services.AddCoordinatorClient(options => options.Addresses.Add(shop.Server.Address));
        builder.Services.AddCoordinatorWorker(options =>
        {
            options.Targets["shop"] = shop.Roles.WorkerConnectionString;
            options.Parallelism = 2;
        });
        configure(builder.Services);
        return builder.Build();
    }

    private async Task<V1.Migration> WaitForAsync(string name, Func<V1.Migration, bool> reached, string what)
    {
        V1.Migration? seen = null;
        await Eventually.TrueAsync(
            async () =>
            {
                seen = (await shop.Server.Migrations.GetMigrationAsync(new() { Name = name })).Migration;
                return reached(seen);
            },
            what);
        return seen!;
    }

    /// <summary>What PostgreSQL has no function for, as far as this test is concerned.</summary>
    private sealed class SlugHandler : IBackfillHandler
    {
        public async Task<long> RunAsync(BatchContext batch, CancellationToken cancellationToken)
        {
            var rows = await batch.ReadRowsAsync(
                $"select id, title from {batch.Table} where {{range}} for no key update",
                row => (Id: row.GetInt32(0), Title: row.GetString(1)));
            return await batch.ExecuteManyAsync(
                $"update {batch.Table} set slug = $2, times = times + 1 where id = $1",
                rows.Select(row => new object?[] { row.Id, Slug(row.Title) }));
        }

        private static string Slug(string title) => title.ToLowerInvariant()
            .Replace("ö", "o", StringComparison.Ordinal).Replace("ß", "ss", StringComparison.Ordinal).Replace(' ', '-');
    }
}

using Coordinator.Domain.Gates;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Embedded;
using Coordinator.Postgres.Sync;
using Coordinator.Testing;

namespace Coordinator.Engine.Tests.Driving;

/// <summary>The silence of an old column, by a clock that only the test moves.</summary>
public sealed class OldPathWatchTests
{
    private static readonly TimeSpan Quiet = TimeSpan.FromMinutes(5);

    private static readonly SyncDefinition Sync = new()
    {
        Table = new TableRef("public", "review"),
        OldColumn = "comment",
        NewColumn = "message",
        SameType = true,
        TriggerName = SyncTrigger.NameFor("public", "review", "comment", "message"),
    };

    private readonly ManualTimeProvider _time = new();

    [Fact]
    public async Task Every_write_through_the_old_column_begins_the_silence_anew()
    {
        await using var shop = await InSyncAsync();
        await shop.Target.ExecuteAsync("update review set comment = 'before' where id = 1");
        var watch = Watch(shop, new ContractRule(TimeSpan.Zero, false, OldWritesQuiet: Quiet));

        var first = Assert.Single(await watch.LookAsync(CancellationToken.None));
        Assert.Equal((OldPath.NotQuiet, "comment of public.review on shard 'main'"), (first.Code, first.Subject));
        Assert.StartsWith("0 writes", first.Message, StringComparison.Ordinal);
        _time.Advance(Quiet - TimeSpan.FromSeconds(1));
        await shop.Target.ExecuteAsync("update review set comment = 'a' where id = 1; update review set comment = 'b' where id = 2");
        Assert.StartsWith("2 writes", Assert.Single(await watch.LookAsync(CancellationToken.None)).Message, StringComparison.Ordinal);
        _time.Advance(Quiet - TimeSpan.FromSeconds(1));
        await shop.Target.ExecuteAsync("update review set message = 'c' where id = 1; update review set stars = 1");
        Assert.Single(await watch.LookAsync(CancellationToken.None));
        _time.Advance(TimeSpan.FromSeconds(1));

        Assert.Empty(await watch.LookAsync(CancellationToken.None));
    }

    [Fact]
    public async Task What_came_in_while_an_old_instance_was_back_does_not_count()
    {
        await using var shop = await InSyncAsync();
        var watch = Watch(shop, new ContractRule(TimeSpan.Zero, false, OldWritesQuiet: Quiet));
        await watch.LookAsync(CancellationToken.None);
        _time.Advance(Quiet);
        watch.Forget();
        await shop.Target.ExecuteAsync("update review set comment = 'back' where id = 1");

        Assert.StartsWith("0 writes", Assert.Single(await watch.LookAsync(CancellationToken.None)).Message, StringComparison.Ordinal);
        _time.Advance(Quiet);
        Assert.Empty(await watch.LookAsync(CancellationToken.None));
    }

    [Fact]
    public async Task A_statement_that_names_the_old_column_begins_the_silence_anew_and_is_shown()
    {
        var options = TestServer.Options();
        await using var server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                Settings = new Dictionary<string, string>(options.Settings) { ["shared_preload_libraries"] = "pg_stat_statements" },
            },
            CancellationToken.None);
        await using var shop = await InSyncAsync(server.ConnectionString());
        var watch = Watch(shop, new ContractRule(TimeSpan.Zero, false, StatementsQuiet: Quiet));

        var blind = Assert.Single(await watch.LookAsync(CancellationToken.None));
        Assert.Equal(OldPath.StatementsNotSeen, blind.Code);
        Assert.Contains("not installed", blind.Message, StringComparison.Ordinal);
        await shop.Target.ExecuteAsync("create extension pg_stat_statements");
        Assert.Equal(OldPath.StatementsNotQuiet, Assert.Single(await watch.LookAsync(CancellationToken.None)).Code);
        _time.Advance(Quiet - TimeSpan.FromSeconds(1));
        await ReadAsync(shop, "select  comment from review where id = 7");
        var heard = Assert.Single(await watch.LookAsync(CancellationToken.None));
        Assert.StartsWith("1 statement that may use it ran", heard.Message, StringComparison.Ordinal);
        Assert.EndsWith($"the last: role {shop.Roles.Application}: select comment from review where id = $1", heard.Message, StringComparison.Ordinal);
        _time.Advance(Quiet - TimeSpan.FromSeconds(1));
        await ReadAsync(shop, "select message, 'commented' from review where id = 7");
        Assert.Single(await watch.LookAsync(CancellationToken.None));
        _time.Advance(TimeSpan.FromSeconds(1));
        Assert.Empty(await watch.LookAsync(CancellationToken.None));

        // Whatever ran between two looks may be gone from the statistics.
        await ReadAsync(shop, "select comment from review where id = 7");
        await shop.Target.ExecuteAsync("select pg_stat_statements_reset()");
        Assert.Single(await watch.LookAsync(CancellationToken.None));
    }

    [Fact]
    public async Task Without_the_library_the_statements_can_not_be_seen()
    {
        await using var shop = await InSyncAsync();
        await shop.Target.ExecuteAsync("create extension pg_stat_statements");
        var watch = Watch(shop, new ContractRule(TimeSpan.Zero, false, StatementsQuiet: Quiet));

        var blind = Assert.Single(await watch.LookAsync(CancellationToken.None));

        Assert.Equal(OldPath.StatementsNotSeen, blind.Code);
        Assert.Contains("shared_preload_libraries", blind.Message, StringComparison.Ordinal);
    }

    private static async Task ReadAsync(ShopScenario shop, string sql)
    {
        await using var command = shop.Roles.ApplicationSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<ShopScenario> InSyncAsync(string? server = null)
    {
        var shop = await ShopScenario.CreateAsync(rows: 10, drive: false, targetServer: server);
        await Postgres.Schema.TargetSchema.InstallAsync(shop.Roles.CoordinatorSource, [], CancellationToken.None);
        await shop.Target.ExecuteAsync("alter table review add column message text");
        foreach (var statement in TriggerMapping.Create(Sync, "rename-comment", "sync"))
        {
            await using var command = shop.Roles.CoordinatorSource.CreateCommand(statement);
            await command.ExecuteNonQueryAsync();
        }

        return shop;
    }

    private OldPathWatch Watch(ShopScenario shop, ContractRule rule) =>
        new(rule, [Sync], shop.Replica.Get<TargetRegistry>().Get("shop"), _time);
}

using Coordinator.Engine.Targets;
using Coordinator.Testing;

namespace Coordinator.Server.Tests.Hosting;

/// <summary>
/// A server with a target <c>shop</c> whose table <c>review</c> has a column <c>comment</c>, and a target <c>down</c> that
/// nobody answers for. Everybody who calls is an administrator.
/// </summary>
public sealed class ShopFixture : IAsyncLifetime
{
    // A reserved port of TCP: nothing listens there.
    private const string NobodyThere = "Host=127.0.0.1;Port=1;Database=shop;Username=coordinator;Timeout=2";

    private TestDatabase? _coordination;
    private TestDatabase? _database;
    private ServerHost? _server;

    internal ServerHost Server => _server!;

    /// <summary>The coordination database.</summary>
    public TestDatabase Coordination => _coordination!;

    /// <summary>The target, seen by a superuser.</summary>
    public TestDatabase Shop => _database!;

    /// <summary>The target's roles.</summary>
    public TargetRoles Roles { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        _coordination = await TestDatabase.CreateAsync();
        _database = await TestDatabase.CreateAsync();
        Roles = await TargetRoles.CreateAsync(_database);
        await ExecuteAsOwnerAsync(
            """
            create table review (id bigint generated always as identity primary key, comment text, stars int);
            insert into review (comment, stars) select 'comment ' || i, i % 5 from generate_series(1, 500) i
            """);
        var options = ServerHost.Options(_coordination.ConnectionString);
        options.HttpListen = "http://127.0.0.1:0";
        options.Targets["shop"] = new TargetOptions
        {
            Shards = { ["main"] = Roles.CoordinatorConnectionString },
            WorkerRoles = { Roles.Worker },
            IgnoredRoles = { "postgres", Roles.Owner },
        };
        options.Targets["down"] = new TargetOptions { Shards = { ["main"] = NobodyThere } };
        _server = await ServerHost.StartAsync(options);
    }

    public async Task ExecuteAsOwnerAsync(string sql)
    {
        await using var command = Roles.OwnerSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Everything that a refused call must leave as it is.</summary>
    public async Task<string> StateAsync() =>
        await Coordination.ScalarAsync<string>(
            """
            select concat_ws(' ',
                (select count(*) from coordinator_events.mt_events), (select count(*) from coordinator.migration),
                (select count(*) from coordinator.request), (select count(*) from coordinator.application),
                (select count(*) from coordinator.instance), (select count(*) from coordinator.backfill),
                (select string_agg(m.name || m.status || m.revision, ',' order by m.name) from coordinator.migration m))
            """)
        + await Shop.ScalarAsync<string>(
            """
            select concat_ws(' ',
                (select string_agg(attname || attnum, ',' order by attrelid, attnum) from pg_attribute
                  where attrelid = to_regclass('public.review') and attnum > 0 and not attisdropped),
                (select count(*) from pg_trigger where not tgisinternal), (select count(*) from review))
            """);

    public async Task DisposeAsync()
    {
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        if (Roles is not null)
        {
            await Roles.DisposeAsync();
        }

        if (_coordination is not null)
        {
            await _coordination.DisposeAsync();
        }
    }
}

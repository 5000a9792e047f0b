using Coordinator.Client;
using Coordinator.Postgres.Embedded;
using Coordinator.Testing;
using Coordinator.V1;
using Npgsql;

namespace Coordinator.EndToEnd.Tests;

/// <summary>
/// The service as a process, with a coordination database on one PostgreSQL and a target on another, so that either can
/// be crashed by itself.
/// </summary>
internal sealed class ServiceUnderTest : IAsyncDisposable
{
    public const string Migration = "rename-comment";

    private const string Yaml =
        """
        migration: rename-comment
        target: shop
        versions:
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - rename_column: { table: review, from: comment, to: message }
        """;

    private readonly TestDatabase _coordination;
    private readonly string _address = $"http://127.0.0.1:{CoordinatorProcess.FreePort()}";
    private readonly string _logs = Directory.CreateTempSubdirectory("coordinator-logs-").FullName;
    private readonly List<CoordinatorProcess> _workers = [];
    private CoordinatorProcess? _server;

    private ServiceUnderTest(TestDatabase coordination, EmbeddedPostgres targetServer)
    {
        _coordination = coordination;
        TargetServer = targetServer;
        Target = NpgsqlDataSource.Create(targetServer.ConnectionString("shop"));
        var options = new CoordinatorClientOptions();
        options.Addresses.Add(_address);
        Client = new CoordinatorClient(options);
    }

    public EmbeddedPostgres TargetServer { get; }

    public NpgsqlDataSource Target { get; }

    public CoordinatorClient Client { get; }

    public TestDatabase Coordination => _coordination;

    public static async Task<ServiceUnderTest> CreateAsync(int rows)
    {
        var targetServer = await EmbeddedPostgres.StartAsync(TestServer.Options(), CancellationToken.None);
        await ExecuteAsync(
            targetServer.ConnectionString(),
            "create role shop_owner login",
            "create role coordinator login in role shop_owner, pg_monitor",
            "create role shop_worker login",
            "create database shop owner shop_owner",
            "grant create on database shop to coordinator");
        await ExecuteAsync(
            targetServer.ConnectionString("shop", "shop_owner"),
            "create table review (id int primary key, comment text, touched int not null default 0)",
            $"insert into review (id, comment) select n, 'comment ' || n from generate_series(1, {rows}) n",
            "analyze review",
            "grant select, update on review to shop_worker");
        var service = new ServiceUnderTest(await TestDatabase.CreateAsync(), targetServer);
        await service.StartServerAsync();
        return service;
    }

    /// <summary>Starts the server process and waits until it answers.</summary>
    public async Task StartServerAsync()
    {
        _server = CoordinatorProcess.Start(
            "server",
            _logs,
            new Dictionary<string, string>
            {
                ["Coordinator__ConnectionString"] = _coordination.ConnectionString,
                ["Coordinator__Listen"] = _address,
                ["Coordinator__HttpListen"] = "",
                ["Coordinator__Targets__shop__Shards__main"] = TargetServer.ConnectionString("shop", "coordinator"),
                ["Coordinator__Targets__shop__WorkerRoles__0"] = "shop_worker",
                ["Coordinator__Targets__shop__IgnoredRoles__0"] = "postgres",
                ["Coordinator__Targets__shop__IgnoredRoles__1"] = "shop_owner",
            },
            "serve");
        await Eventually.SucceedsAsync<CoordinatorException>(
            () => Client.Migrations.ListMigrationsAsync(new ListMigrationsRequest()).ResponseAsync,
            () => $"the server answers; it printed: {_server.Output}",
            TimeSpan.FromSeconds(90));
    }

    public Task KillServerAsync() => _server!.KillAsync();

    public CoordinatorProcess StartWorker(string id)
    {
        var worker = CoordinatorProcess.Start(
            id,
            _logs,
            new Dictionary<string, string>
            {
                ["COORDINATOR_TARGET_SHOP"] = TargetServer.ConnectionString("shop", "shop_worker") + ";Application Name=coordinator-worker",
            },
            "worker",
            "--worker-id",
            id,
            "--address",
            _address);
        _workers.Add(worker);
        return worker;
    }

    public async Task PlanAndStartAsync()
    {
        await Client.Applications.SetExpectedPopulationAsync(
            new SetExpectedPopulationRequest { Application = "shop-api", ExpectedPopulation = new ExpectedPopulation { None = true } });
        await Client.Migrations.PlanMigrationAsync(new PlanMigrationRequest { Yaml = Yaml });
        await Client.Migrations.StartMigrationAsync(new StartMigrationRequest { Name = Migration });
    }

    /// <summary>The migration now, or null while nobody answers.</summary>
    public async Task<Migration?> LookAsync()
    {
        try
        {
            return (await Client.Migrations.GetMigrationAsync(new GetMigrationRequest { Name = Migration })).Migration;
        }
        catch (CoordinatorException)
        {
            return null;
        }
    }

    public async Task<Migration> WaitForAsync(Func<Migration, bool> condition, string what)
    {
        Migration? last = null;
        await Eventually.TrueAsync(
            async () => (last = await LookAsync() ?? last) is not null && condition(last),
            $"{what}; the server printed: {_server!.Output}",
            TimeSpan.FromSeconds(90));
        return last!;
    }

    public async Task<T> AskTargetAsync<T>(string sql)
    {
        await using var command = Target.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            worker.Dispose();
        }

        _server?.Dispose();
        Client.Dispose();
        await Target.DisposeAsync();
        await TargetServer.DisposeAsync();
        await _coordination.DisposeAsync();
        Directory.Delete(_logs, recursive: true);
    }

    private static async Task ExecuteAsync(string connectionString, params string[] statements)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        foreach (var statement in statements)
        {
            await using var command = source.CreateCommand(statement);
            await command.ExecuteNonQueryAsync();
        }
    }
}

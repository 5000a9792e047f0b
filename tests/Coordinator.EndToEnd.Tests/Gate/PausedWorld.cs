using Coordinator.Client;
using Coordinator.Postgres.Embedded;
using Coordinator.Testing;
using Coordinator.V1;
using Npgsql;

namespace Coordinator.EndToEnd.Tests.Gate;

/// <summary>
/// The service as a process, its database and a target on a PostgreSQL each, and leases of two seconds: all of it can be stopped, and
/// the instances are processes that can be paused.
/// </summary>
internal sealed class PausedWorld : IAsyncDisposable
{
    private readonly EmbeddedPostgres _coordination;
    private readonly EmbeddedPostgres _target;
    private readonly NpgsqlDataSource _admin;
    private readonly string _address = $"http://127.0.0.1:{CoordinatorProcess.FreePort()}";
    private readonly string _logs = Directory.CreateTempSubdirectory("coordinator-logs-").FullName;
    private readonly CoordinatorClient _client;
    private CoordinatorProcess? _server;

    private PausedWorld(EmbeddedPostgres coordination, EmbeddedPostgres target)
    {
        _coordination = coordination;
        _target = target;
        _admin = NpgsqlDataSource.Create(target.ConnectionString("shop"));
        var options = new CoordinatorClientOptions();
        options.Addresses.Add(_address);
        _client = new CoordinatorClient(options);
    }

    public CoordinatorClient Client => _client;

    public static async Task<PausedWorld> CreateAsync()
    {
        var coordination = await EmbeddedPostgres.StartAsync(TestServer.Options(), CancellationToken.None);
        var target = await EmbeddedPostgres.StartAsync(TestServer.Options(), CancellationToken.None);
        await using (var cluster = NpgsqlDataSource.Create(target.ConnectionString()))
        {
            foreach (var statement in (string[])
            [
                "create role shop_owner login",
                "create role shop_app login",
                "create role coordinator login createrole in role shop_owner, pg_monitor, pg_signal_backend",
                "create database shop owner shop_owner",
                "grant create on database shop to coordinator",
            ])
            {
                await using var command = cluster.CreateCommand(statement);
                await command.ExecuteNonQueryAsync();
            }
        }

        var world = new PausedWorld(coordination, target);
        await world.StartServerAsync();
        return world;
    }

    /// <summary>Starts the server process and waits until it answers.</summary>
    public async Task StartServerAsync()
    {
        _server = CoordinatorProcess.Start(
            "server",
            _logs,
            new Dictionary<string, string>
            {
                ["Coordinator__ConnectionString"] = _coordination.ConnectionString(),
                ["Coordinator__Listen"] = _address,
                ["Coordinator__HttpListen"] = "",
                ["Coordinator__Timings__InstanceLease"] = "00:00:02",
                ["Coordinator__Timings__HeartbeatInterval"] = "00:00:00.5",
                ["Coordinator__Timings__FenceGrace"] = "00:00:01",
                ["Coordinator__Targets__shop__Shards__main"] = _target.ConnectionString("shop", "coordinator"),
                ["Coordinator__Targets__shop__IgnoredRoles__0"] = "postgres",
                ["Coordinator__Targets__shop__IgnoredRoles__1"] = "shop_owner",
            },
            "serve");
        await Eventually.TrueAsync(
            async () => await TryAsync(async () => await _client.Migrations.ListMigrationsAsync(new ListMigrationsRequest())),
            "the server answers",
            TimeSpan.FromSeconds(90));
    }

    public Task KillServerAsync() => _server!.KillAsync();

    /// <summary>As after a crash of its server: every session is gone, and nothing that was acknowledged.</summary>
    public async Task CrashCoordinationDatabaseAsync()
    {
        await _coordination.StopAsync(PostgresShutdown.Immediate, CancellationToken.None);
        await _coordination.StartServerAsync(CancellationToken.None);
    }

    /// <summary>An instance of version 1, which writes twenty times a second.</summary>
    public async Task<CoordinatorProcess> StartInstanceAsync(string application, string role, string statement)
    {
        var instance = CoordinatorProcess.StartProgram(
            Path.Combine(AppContext.BaseDirectory, "Coordinator.Demo.dll"),
            application,
            _logs,
            new Dictionary<string, string>
            {
                ["INSTANCE_DATABASE"] = $"{_target.ConnectionString("shop", role)};Application Name={application}@1;Pooling=false",
            },
            "instance",
            application,
            "1",
            "old-1",
            statement,
            _address);
        await Eventually.TrueAsync(
            () => Task.FromResult(instance.Output.Contains("writes", StringComparison.Ordinal)), "the instance writes", TimeSpan.FromSeconds(90));
        return instance;
    }

    /// <summary>Waits until the migration says so; nobody may answer for a while.</summary>
    public async Task<Migration> WaitForAsync(string migration, Func<Migration, bool> condition, string what)
    {
        Migration? last = null;
        try
        {
            await Eventually.TrueAsync(
                async () => await TryAsync(async () =>
                    last = (await _client.Migrations.GetMigrationAsync(new GetMigrationRequest { Name = migration })).Migration)
                    && condition(last!),
                what,
                TimeSpan.FromSeconds(90));
        }
        catch (TimeoutException timeout)
        {
            throw new TimeoutException($"{timeout.Message}; it is {last}; the server printed: {_server!.Tail}");
        }

        return last!;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = _admin.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<long> AskAsync(string sql)
    {
        await using var command = _admin.CreateCommand(sql);
        return (long)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        _server?.Dispose();
        _client.Dispose();
        await _admin.DisposeAsync();
        await _target.DisposeAsync();
        await _coordination.DisposeAsync();
        Directory.Delete(_logs, recursive: true);
    }

    private static async Task<bool> TryAsync(Func<Task> call)
    {
        try
        {
            await call();
            return true;
        }
        catch (CoordinatorException)
        {
            return false;
        }
    }
}

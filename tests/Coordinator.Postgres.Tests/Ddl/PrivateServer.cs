using Coordinator.Postgres.Embedded;
using Coordinator.Postgres.Schema;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.Postgres.Tests.Ddl;

/// <summary>A server for one test that crashes it or needs settings of its own, with Coordinator's schema in it.</summary>
internal sealed class PrivateServer : IAsyncDisposable
{
    private readonly EmbeddedPostgres _server;

    private PrivateServer(EmbeddedPostgres server)
    {
        _server = server;
        Source = NpgsqlDataSource.Create(server.ConnectionString());
    }

    public NpgsqlDataSource Source { get; }

    public static async Task<PrivateServer> StartAsync(params (string Name, string Value)[] settings)
    {
        var options = new EmbeddedPostgresOptions
        {
            Settings = new Dictionary<string, string>(
                TestServer.Options().Settings.Concat(settings.Select(setting => KeyValuePair.Create(setting.Name, setting.Value)))),
        };
        var server = new PrivateServer(await EmbeddedPostgres.StartAsync(options, CancellationToken.None));
        await TargetSchema.InstallAsync(server.Source, [], CancellationToken.None);
        return server;
    }

    public async Task ExecuteAsync(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = Source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public Task CrashAsync() => _server.StopAsync(PostgresShutdown.Immediate, CancellationToken.None);

    public Task RestartAsync() => _server.StartServerAsync(CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await Source.DisposeAsync();
        await _server.DisposeAsync();
    }
}

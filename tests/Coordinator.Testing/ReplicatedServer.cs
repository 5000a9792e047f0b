using System.Diagnostics;
using Coordinator.Postgres.Embedded;
using Npgsql;

namespace Coordinator.Testing;

/// <summary>
/// A primary and a streaming standby behind one address, for tests of a failover. The address is a link to the socket
/// directory of whichever is the primary, as a virtual IP would be.
/// </summary>
public sealed class ReplicatedServer : IAsyncDisposable
{
    private readonly string _root;
    private readonly EmbeddedPostgres _primary;
    private readonly EmbeddedPostgres _standby;

    private ReplicatedServer(string root, EmbeddedPostgres primary, EmbeddedPostgres standby)
    {
        _root = root;
        _primary = primary;
        _standby = standby;
        PointTo(primary);
    }

    /// <summary>A superuser's connection string for the primary of the moment.</summary>
    public string AdminConnectionString =>
        new NpgsqlConnectionStringBuilder(_primary.ConnectionString()) { Host = Address }.ConnectionString;

    private string Address => Path.Combine(_root, "address");

    /// <summary>Starts both; the standby follows.</summary>
    public static async Task<ReplicatedServer> StartAsync()
    {
        // Not a private temporary directory: the servers may run as another user, who has to get through to theirs.
        var root = Directory.CreateDirectory(
            Path.Combine(Path.GetTempPath(), "coordinator-ha-" + Path.GetRandomFileName()[..8])).FullName;
        var settings = TestServer.Options().Settings;
        var one = Path.Combine(root, "one");
        var two = Path.Combine(root, "two");
        var primary = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { Directory = one, Settings = settings }, CancellationToken.None);
        await primary.StopAsync(PostgresShutdown.Fast, CancellationToken.None);
        Directory.CreateDirectory(two);
        await CopyAsync(Path.Combine(one, "data"), Path.Combine(two, "data"));
        await File.WriteAllTextAsync(Path.Combine(two, "data", "standby.signal"), "");
        await primary.StartServerAsync(CancellationToken.None);
        // In the file, not on the command line, which no reload would override.
        await File.AppendAllTextAsync(
            Path.Combine(two, "data", "postgresql.conf"), $"primary_conninfo = 'host={one} user=postgres'\n");
        var standby = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions { Directory = two, Settings = settings }, CancellationToken.None);
        return new ReplicatedServer(root, primary, standby);
    }

    /// <summary>Waits until the standby has what the primary has now, and cuts it off: what is committed from now on it never sees.</summary>
    public async Task CutOffStandbyAsync()
    {
        var position = await ScalarAsync<string>(_primary.ConnectionString(), "select pg_current_wal_insert_lsn()::text");
        await Eventually.TrueAsync(
            () => ScalarAsync<bool>(_standby.ConnectionString(), $"select pg_last_wal_replay_lsn() >= '{position}'"),
            "the standby has caught up");
        await ExecuteAsync(_standby.ConnectionString(), "alter system set primary_conninfo = ''");
        await ExecuteAsync(_standby.ConnectionString(), "select pg_reload_conf()");
        await Eventually.TrueAsync(
            async () => await ScalarAsync<long>(_standby.ConnectionString(), "select count(*) from pg_stat_wal_receiver") == 0,
            "the standby receives nothing more");
    }

    /// <summary>The primary dies, the standby takes its place and its address.</summary>
    public async Task FailOverAsync()
    {
        await _primary.StopAsync(PostgresShutdown.Immediate, CancellationToken.None);
        await ExecuteAsync(_standby.ConnectionString(), "select pg_promote()");
        PointTo(_standby);
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await _primary.StopAsync(PostgresShutdown.Immediate, CancellationToken.None);
        await _standby.StopAsync(PostgresShutdown.Immediate, CancellationToken.None);
        await _primary.DisposeAsync();
        await _standby.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    private void PointTo(EmbeddedPostgres server)
    {
        File.Delete(Address);
        Directory.CreateSymbolicLink(Address, server.SocketDirectory);
    }

    private static async Task CopyAsync(string from, string to)
    {
        // -a keeps the owner, which the server insists on.
        using var copy = Process.Start("cp", ["-a", from, to]);
        await copy.WaitForExitAsync();
        if (copy.ExitCode != 0)
        {
            throw new IOException($"'cp -a {from} {to}' failed with exit code {copy.ExitCode}.");
        }
    }

    private static async Task ExecuteAsync(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    private static async Task<T> ScalarAsync<T>(string connectionString, string sql)
    {
        await using var source = NpgsqlDataSource.Create(connectionString);
        await using var command = source.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }
}

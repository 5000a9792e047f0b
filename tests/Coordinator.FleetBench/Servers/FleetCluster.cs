using System.Globalization;
using Coordinator.Postgres.Embedded;
using Coordinator.Testing;
using Npgsql;

namespace Coordinator.FleetBench.Servers;

/// <summary>The database server of a run, with settings of a real one (it syncs), and the roles of a target.</summary>
internal sealed class FleetCluster : IAsyncDisposable
{
    public const string Owner = "fleet_owner";
    public const string Service = "fleet_coordinator";

    private FleetCluster(EmbeddedPostgres server, string directory)
    {
        Server = server;
        Directory = directory;
    }

    public EmbeddedPostgres Server { get; }

    /// <summary>Where the logs of processes go.</summary>
    public string Directory { get; }

    /// <summary>What the database server has used so far.</summary>
    public TimeSpan ProcessorTime => ProcessFigures.ProcessorTimeWithChildren(ProcessId);

    // Its first line; PostgreSQL writes it beside the socket.
    private int ProcessId => int.Parse(
        File.ReadLines(Path.Combine(Server.SocketDirectory, $".s.PGSQL.{Server.Port}.lock")).First(), CultureInfo.InvariantCulture);

    public static async Task<FleetCluster> StartAsync()
    {
        var server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                Settings = new Dictionary<string, string>
                {
                    ["shared_buffers"] = "1GB",
                    ["max_wal_size"] = "4GB",
                    ["checkpoint_timeout"] = "30min",
                    ["jit"] = "off",
                    ["max_connections"] = "300",
                    // When the contract was committed is what the gate's suite measures.
                    ["track_commit_timestamp"] = "on",
                },
            },
            CancellationToken.None);
        var cluster = new FleetCluster(server, System.IO.Directory.CreateTempSubdirectory("coordinator-fleet-").FullName);
        await using var admin = NpgsqlDataSource.Create(server.ConnectionString());
        await using var roles = admin.CreateCommand(
            $"create role {Owner} login; create role {Service} login in role {Owner}, pg_monitor");
        await roles.ExecuteNonQueryAsync();
        return cluster;
    }

    /// <summary>A new database of the service's role, also as a superuser sees it.</summary>
    public async Task<TestDatabase> CreateDatabaseAsync()
    {
        var database = await TestDatabase.CreateAsync(Server.ConnectionString());
        await database.ExecuteAsync(
            $"alter database {database.Name} owner to {Owner}; grant create on database {database.Name} to {Service}; grant create on schema public to {Owner}");
        return database;
    }

    public async ValueTask DisposeAsync()
    {
        await Server.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }
}

using System.Globalization;
using Coordinator.Postgres.Embedded;
using Npgsql;

namespace Coordinator.BackfillBench;

/// <summary>
/// The database server of a run, with settings of a real one (it syncs), and a template of the table from which every
/// segment starts with a copy of its own.
/// </summary>
internal sealed class BenchCluster : IAsyncDisposable
{
    /// <summary>Who an application is. The superuser's sessions are the benchmark's own questions, and the service leaves them out.</summary>
    public const string ApplicationRole = "bench_app";

    // What a backfill writes, with room to spare; up to the 8 GB that are kept.
    private const int LogBytesPerRow = 900;

    private readonly EmbeddedPostgres _server;
    private int _copies;

    private BenchCluster(EmbeddedPostgres server, string directory)
    {
        _server = server;
        Directory = directory;
    }

    /// <summary>Where the logs of processes go.</summary>
    public string Directory { get; }

    public EmbeddedPostgres Server => _server;

    /// <summary>What the database server has used so far, with all its sessions.</summary>
    public TimeSpan ProcessorTime => ProcessFigures.ProcessorTimeWithChildren(ProcessId);

    // Its first line; PostgreSQL writes it beside the socket.
    private int ProcessId => int.Parse(
        File.ReadLines(Path.Combine(_server.SocketDirectory, $".s.PGSQL.{_server.Port}.lock")).First(), CultureInfo.InvariantCulture);

    public static async Task<BenchCluster> StartAsync()
    {
        var directory = System.IO.Directory.CreateTempSubdirectory("coordinator-bench-").FullName;
        var server = await EmbeddedPostgres.StartAsync(
            new EmbeddedPostgresOptions
            {
                Settings = new Dictionary<string, string>
                {
                    ["shared_buffers"] = "2GB",
                    ["max_wal_size"] = "8GB",
                    ["min_wal_size"] = "8GB",
                    ["checkpoint_timeout"] = "30min",
                    ["autovacuum_naptime"] = "10s",
                    ["jit"] = "off",
                    ["max_connections"] = "200",
                },
            },
            CancellationToken.None);
        var cluster = new BenchCluster(server, directory);
        await cluster.ExecuteAsync(
            "postgres",
            "create role bench_owner login",
            "create role bench_coordinator login in role bench_owner, pg_monitor",
            "create role bench_worker login",
            $"create role {ApplicationRole} login");
        return cluster;
    }

    /// <summary>Makes the template with a table of so many rows, if there is none of that size yet: 8 columns, two secondary indexes.</summary>
    public async Task PrepareAsync(int rows)
    {
        var template = Template(rows);
        if (await ScalarAsync<long>("postgres", $"select count(*) from pg_database where datname = '{template}'") > 0)
        {
            return;
        }

        await ExecuteAsync("postgres", $"create database {template} owner bench_owner");
        await ExecuteAsync(
            template,
            "set role bench_owner",
            """
            create table item (
              id bigint primary key, account int not null, status text not null, amount bigint not null,
              note text not null, created_at timestamptz not null, value bigint not null, value_copy bigint)
            with (autovacuum_enabled = false)
            """,
            $"""
            insert into item
            select n, n % 50000, 'open', n % 997, repeat('x', 70), timestamptz '2026-01-01' + n * interval '1 second', n, null
            from generate_series(1, {rows.ToString(CultureInfo.InvariantCulture)}) n
            """,
            "create index item_account on item (account)",
            "create index item_created on item (created_at)",
            $"grant select, update on item to bench_worker, {ApplicationRole}",
            "reset role",
            $"grant usage on schema public to bench_worker, {ApplicationRole}",
            "vacuum (freeze, analyze) item",
            LogOf(rows));
    }

    /// <summary>A fresh copy of the template, in memory and with nothing left to write.</summary>
    public async Task<BenchDatabase> CopyAsync(int rows)
    {
        var name = $"run_{++_copies}";
        await ExecuteAsync(
            "postgres",
            $"create database {name} template {Template(rows)} owner bench_owner strategy file_copy",
            $"grant create on database {name} to bench_coordinator");
        await ExecuteAsync(name, "create extension if not exists pg_prewarm", "select pg_prewarm('item')", "checkpoint");
        return new BenchDatabase(this, name, rows);
    }

    public string ConnectionString(string database, string role = "postgres", string applicationName = "bench") =>
        new NpgsqlConnectionStringBuilder(_server.ConnectionString(database, role)) { ApplicationName = applicationName, CommandTimeout = 0 }
            .ConnectionString;

    public async Task ExecuteAsync(string database, params string[] statements)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString(database));
        await using var connection = await source.OpenConnectionAsync();
        foreach (var statement in statements)
        {
#pragma warning disable CA2100 // The benchmark's own literals.
            await using var command = new NpgsqlCommand(statement, connection);
#pragma warning restore CA2100
            await command.ExecuteNonQueryAsync();
        }
    }

    public async Task<T> ScalarAsync<T>(string database, string sql)
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString(database));
#pragma warning disable CA2100 // The benchmark's own literals.
        await using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        return (T)(await command.ExecuteScalarAsync())!;
    }

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        System.IO.Directory.Delete(Directory, recursive: true);
    }

    private static string Template(int rows) => $"items_{rows}";

    // A server that has run for a while writes into log files that it has already. A new file is filled with zeros and synced first, and
    // everybody's commit waits for it (PostgreSQL's XLogFileInit): whoever is measured first would pay for the files of those after him.
    private static string LogOf(int rows) =>
        $"select pg_logical_emit_message(false, '', repeat('x', 1 << 20)) from generate_series(0, {(LogBytesPerRow * (long)rows) >> 20})";
}

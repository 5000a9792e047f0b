using System.Globalization;
using Coordinator.Postgres.Embedded;
using Npgsql;

namespace Coordinator.Demo;

/// <summary>
/// The database under load: pgbench's four tables, the roles that touch them, and an audit of the demo's own that counts
/// the rows that workers change. None of the roles is a superuser but the demo's administrator.
/// </summary>
internal sealed class Bank(EmbeddedPostgres server, int rows, string directory) : IAsyncDisposable
{
    public const string Database = "bank";
    public const string Application = "bank";

    private readonly NpgsqlDataSource _admin = NpgsqlDataSource.Create(server.ConnectionString(Database));

    public int Rows => rows;

    /// <summary>pgbench's scale: 100,000 accounts each. Fewer accounts than that are what is left of scale 1.</summary>
    public int Scale => Math.Max(1, rows / 100_000);

    /// <summary>Version 1 runs pgbench's built-in script, unless there are fewer accounts than that one asks for.</summary>
    public bool RunsBuiltIn => rows >= 100_000;

    public NpgsqlDataSource Admin => _admin;

    public string ConnectionString(string role, string applicationName) =>
        new NpgsqlConnectionStringBuilder(server.ConnectionString(Database, role)) { ApplicationName = applicationName }.ConnectionString;

    public string VaultConnectionString(string role, string applicationName) =>
        new NpgsqlConnectionStringBuilder(server.ConnectionString(PausedTeller.Database, role)) { ApplicationName = applicationName }.ConnectionString;

    public string CoordinationConnectionString => server.ConnectionString("coordinator", "coordinator");

    /// <summary>Creates roles and databases, and loads the accounts with <c>pgbench -i</c>.</summary>
    public async Task CreateAsync(CancellationToken cancellationToken)
    {
        await using (var cluster = NpgsqlDataSource.Create(server.ConnectionString()))
        {
            foreach (var statement in (string[])
            [
                "create role bank_owner login",
                "create role coordinator login in role bank_owner, pg_monitor",
                "create role bank_worker login",
                "create role bank_app login",
                "create database bank owner bank_owner",
                "create database coordinator owner coordinator",
                "grant create on database bank to coordinator",
            ])
            {
                await using var command = cluster.CreateCommand(statement);
                await command.ExecuteNonQueryAsync(cancellationToken);
            }
        }

        await Pgbench.InitializeAsync(server, Scale, cancellationToken);
        if (!RunsBuiltIn)
        {
            await ExecuteAsync($"delete from pgbench_accounts where aid > {rows}", cancellationToken);
            await ExecuteAsync("vacuum full analyze pgbench_accounts", cancellationToken);
        }

        await ExecuteAsync(
            """
            grant select, insert, update on pgbench_accounts, pgbench_tellers, pgbench_branches, pgbench_history to bank_app;
            grant select, update on pgbench_accounts to bank_worker;
            create schema demo;
            create table demo.worker_rows (rows bigint not null);
            create function demo.count_worker_rows() returns trigger language plpgsql security definer as $$
            begin
                insert into demo.worker_rows select count(*) from changed having count(*) > 0;
                return null;
            end $$;
            create trigger count_worker_rows after update on pgbench_accounts
                referencing new table as changed for each statement
                when (current_user = 'bank_worker') execute function demo.count_worker_rows();
            """,
            cancellationToken);
    }

    /// <summary>pgbench's TPC-B-like transaction on a column of our choice, as a script file.</summary>
    public async Task<string> WriteScriptAsync(string column, CancellationToken cancellationToken)
    {
        var path = Path.Combine(directory, $"tpcb-{column}.sql");
        var accounts = RunsBuiltIn ? "100000 * :scale" : rows.ToString(CultureInfo.InvariantCulture);
        await File.WriteAllTextAsync(
            path,
            $"""
            \set aid random(1, {accounts})
            \set bid random(1, 1 * :scale)
            \set tid random(1, 10 * :scale)
            \set delta random(-5000, 5000)
            BEGIN;
            UPDATE pgbench_accounts SET {column} = {column} + :delta WHERE aid = :aid;
            SELECT {column} FROM pgbench_accounts WHERE aid = :aid;
            UPDATE pgbench_tellers SET tbalance = tbalance + :delta WHERE tid = :tid;
            UPDATE pgbench_branches SET bbalance = bbalance + :delta WHERE bid = :bid;
            INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (:tid, :bid, :aid, :delta, CURRENT_TIMESTAMP);
            END;

            """,
            cancellationToken);
        return path;
    }

    public async Task<T> AskAsync<T>(string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The demo's own literals.
        await using var command = _admin.CreateCommand(sql);
#pragma warning restore CA2100
        command.CommandTimeout = 120;
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    public async ValueTask DisposeAsync() => await _admin.DisposeAsync();

    private async Task ExecuteAsync(string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The demo's own literals.
        await using var command = _admin.CreateCommand(sql);
#pragma warning restore CA2100
        command.CommandTimeout = 120;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }
}

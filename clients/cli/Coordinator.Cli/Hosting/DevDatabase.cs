using System.Globalization;
using Coordinator.Postgres.Embedded;
using Npgsql;

namespace Coordinator.Cli.Hosting;

/// <summary>
/// The databases of <c>coordinator dev</c>: the coordination database, and <c>app</c> with one table to try things on. The roles are
/// those of a real installation, none of them a superuser, so that what works here works there.
/// </summary>
internal sealed class DevDatabase(EmbeddedPostgres server)
{
    public const string Target = "app";
    public const string AdministratorRole = "postgres";
    public const string WorkerRole = "coordinator_worker";

    private const string CoordinatorRole = "coordinator";
    private const string CoordinationDatabase = "coordinator";

    // One statement, so that an interrupted start leaves all of them or none.
    private const string Roles = """
        do $$
        begin
            if not exists (select from pg_roles where rolname = 'coordinator') then
                create role app_owner;
                create role app login;
                create role coordinator_worker login;
                create role coordinator login in role app_owner, pg_monitor;
            end if;
        end
        $$
        """;

    // A database gets its name when all that belongs to it is there: what an interrupted start left is made again.
    private const string Unfinished = "unfinished";

    private const string SampleTable = """
        grant create on database unfinished to coordinator;
        grant usage, create on schema public to app_owner;
        grant usage on schema public to app, coordinator_worker;
        alter default privileges for role app_owner
            grant select, insert, update, delete on tables to app, coordinator_worker;
        alter default privileges for role app_owner grant usage on sequences to app, coordinator_worker;
        set role app_owner;
        create table review (
            id bigint generated always as identity primary key,
            product text not null,
            rating int not null,
            comment text,
            created_at timestamptz not null default now()
        );
        """;

    private const string SampleRows = """
        insert into review (product, rating, comment)
        select 'product ' || (n % 500), 1 + n % 5, case when n % 7 > 0 then 'comment number ' || n end
        from generate_series(1, $1) as n
        """;

    public string CoordinationConnection => server.ConnectionString(CoordinationDatabase, CoordinatorRole);

    public string TargetConnection => server.ConnectionString(Target, CoordinatorRole);

    public string WorkerConnection => server.ConnectionString(Target, WorkerRole);

    /// <summary>Creates what is not there yet; a kept directory has it from the last time.</summary>
    public async Task CreateAsync(int rows, CancellationToken cancellationToken)
    {
        await using var administration = NpgsqlDataSource.Create(server.ConnectionString());
        await ExecuteAsync(administration, Roles, cancellationToken);
        await CreateDatabaseAsync(administration, CoordinationDatabase, null, cancellationToken);
        await CreateDatabaseAsync(administration, Target, rows, cancellationToken);
    }

    private async Task CreateDatabaseAsync(
        NpgsqlDataSource administration, string name, int? sampleRows, CancellationToken cancellationToken)
    {
        await using var exists = administration.CreateCommand("select exists (select from pg_database where datname = $1)");
        exists.Parameters.Add(new NpgsqlParameter<string> { TypedValue = name });
        if (await exists.ExecuteScalarAsync(cancellationToken) is true)
        {
            return;
        }

        await ExecuteAsync(administration, $"drop database if exists {Unfinished} with (force)", cancellationToken);
        await ExecuteAsync(administration, $"create database {Unfinished}", cancellationToken);
        if (sampleRows is { } rows)
        {
            await CreateSampleAsync(rows, cancellationToken);
        }
        else
        {
            await ExecuteAsync(administration, $"alter database {Unfinished} owner to {CoordinatorRole}", cancellationToken);
        }

        await ExecuteAsync(administration, $"alter database {Unfinished} rename to {name}", cancellationToken);
    }

    private async Task CreateSampleAsync(int rows, CancellationToken cancellationToken)
    {
        // Without a pool: a database that somebody is connected to can't be renamed.
        await using var source = NpgsqlDataSource.Create(server.ConnectionString(Unfinished) + ";Pooling=false");
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using (var table = new NpgsqlCommand(SampleTable, connection))
        {
            await table.ExecuteNonQueryAsync(cancellationToken);
        }

        await using (var fill = new NpgsqlCommand(SampleRows, connection) { CommandTimeout = 0 })
        {
            fill.Parameters.Add(new NpgsqlParameter<int> { TypedValue = rows });
            await fill.ExecuteNonQueryAsync(cancellationToken);
        }

        await using var analyze = new NpgsqlCommand("analyze review", connection);
        await analyze.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task ExecuteAsync(NpgsqlDataSource source, string sql, CancellationToken cancellationToken)
    {
#pragma warning disable CA2100 // The statements are the constants above.
        await using var command = source.CreateCommand(sql);
#pragma warning restore CA2100
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>A migration to try, as text of a file.</summary>
    public static string SampleSpecification { get; } = string.Create(CultureInfo.InvariantCulture, $$"""
        migration: rename-review-comment
        target: {{Target}}
        versions:                         # every application that uses the target
          shop-api: { uses_new_from: 2, free_of_old_from: 2 }
        operations:
          - rename_column: { table: review, from: comment, to: message }

        """);
}

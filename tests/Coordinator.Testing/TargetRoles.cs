using Npgsql;

namespace Coordinator.Testing;

/// <summary>
/// The four roles of a target, none a superuser, with names of their own per test database: the owner of the tables,
/// Coordinator's role (a member of the owner), a worker's and an application's. Disposing it drops the database too,
/// because a role can't be dropped while it owns something.
/// </summary>
public sealed class TargetRoles : IAsyncDisposable
{
    private readonly TestDatabase _database;

    private TargetRoles(TestDatabase database)
    {
        _database = database;
        Owner = database.Name + "_owner";
        Coordinator = database.Name + "_coordinator";
        Worker = database.Name + "_worker";
        Application = database.Name + "_app";
        OwnerSource = NpgsqlDataSource.Create(OwnerConnectionString);
        CoordinatorSource = NpgsqlDataSource.Create(CoordinatorConnectionString);
        WorkerSource = NpgsqlDataSource.Create(WorkerConnectionString);
        ApplicationSource = NpgsqlDataSource.Create(ApplicationConnectionString);
    }

    /// <summary>The role that owns the tables; may create in schema public.</summary>
    public string Owner { get; }

    /// <summary>Coordinator's role: member of the owner, CREATE on the database, pg_monitor.</summary>
    public string Coordinator { get; }

    /// <summary>A worker's role: reads and writes the owner's tables, no DDL.</summary>
    public string Worker { get; }

    /// <summary>An application's role: reads and writes the owner's tables, no DDL.</summary>
    public string Application { get; }

    /// <summary>A connection string for <see cref="Owner"/>.</summary>
    public string OwnerConnectionString => _database.ConnectionStringFor(Owner);

    /// <summary>A connection string for <see cref="Coordinator"/>, labelled as Coordinator's own sessions are.</summary>
    public string CoordinatorConnectionString => _database.ConnectionStringFor(Coordinator, "coordinator");

    /// <summary>A connection string for <see cref="Worker"/>, labelled as a worker's sessions are.</summary>
    public string WorkerConnectionString => _database.ConnectionStringFor(Worker, "coordinator-worker");

    /// <summary>A connection string for <see cref="Application"/>; see <see cref="TestDatabase.ConnectionStringFor"/> for a label.</summary>
    public string ApplicationConnectionString => _database.ConnectionStringFor(Application);

    /// <summary>A pool of the owner's connections.</summary>
    public NpgsqlDataSource OwnerSource { get; }

    /// <summary>A pool of Coordinator's connections.</summary>
    public NpgsqlDataSource CoordinatorSource { get; }

    /// <summary>A pool of a worker's connections.</summary>
    public NpgsqlDataSource WorkerSource { get; }

    /// <summary>A pool of an application's connections.</summary>
    public NpgsqlDataSource ApplicationSource { get; }

    /// <summary>Creates the roles; tables that the owner creates from now on are open to worker and application.</summary>
    public static async Task<TargetRoles> CreateAsync(TestDatabase database)
    {
        ArgumentNullException.ThrowIfNull(database);
        var roles = new TargetRoles(database);
        await database.ExecuteAsync(
            $"""
            create role {roles.Owner} login;
            create role {roles.Coordinator} login inherit in role {roles.Owner}, pg_monitor;
            create role {roles.Worker} login;
            create role {roles.Application} login;
            grant create on database {database.Name} to {roles.Coordinator};
            revoke create on schema public from public; -- PostgreSQL 14 still lets everybody
            grant usage, create on schema public to {roles.Owner};
            grant usage on schema public to {roles.Worker}, {roles.Application};
            alter default privileges for role {roles.Owner}
                grant select, insert, update, delete on tables to {roles.Worker}, {roles.Application};
            alter default privileges for role {roles.Owner}
                grant usage on sequences to {roles.Worker}, {roles.Application};
            """);
        return roles;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await OwnerSource.DisposeAsync();
        await CoordinatorSource.DisposeAsync();
        await WorkerSource.DisposeAsync();
        await ApplicationSource.DisposeAsync();
        await _database.DisposeAsync();
        await using var source = NpgsqlDataSource.Create(_database.AdminConnectionString);
        await using var command = source.CreateCommand($"drop role if exists {Owner}, {Coordinator}, {Worker}, {Application}");
        await command.ExecuteNonQueryAsync();
    }
}

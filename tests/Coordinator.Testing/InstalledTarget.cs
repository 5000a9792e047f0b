using Coordinator.Postgres.Schema;
using Npgsql;

namespace Coordinator.Testing;

/// <summary>A target as it is when a migration starts: a database, its four roles, and Coordinator's schema installed by Coordinator's role.</summary>
public sealed class InstalledTarget : IAsyncDisposable
{
    private InstalledTarget(TestDatabase database, TargetRoles roles)
    {
        Database = database;
        Roles = roles;
    }

    /// <summary>The database, seen by a superuser.</summary>
    public TestDatabase Database { get; }

    /// <summary>The four roles and their pools.</summary>
    public TargetRoles Roles { get; }

    /// <summary>Coordinator's own connections.</summary>
    public NpgsqlDataSource Coordinator => Roles.CoordinatorSource;

    /// <summary>A worker's connections.</summary>
    public NpgsqlDataSource Worker => Roles.WorkerSource;

    /// <summary>An application's connections.</summary>
    public NpgsqlDataSource Application => Roles.ApplicationSource;

    /// <summary>Creates all of it.</summary>
    public static async Task<InstalledTarget> CreateAsync()
    {
        var database = await TestDatabase.CreateAsync();
        var roles = await TargetRoles.CreateAsync(database);
        await TargetSchema.InstallAsync(roles.CoordinatorSource, [roles.Worker], CancellationToken.None);
        return new InstalledTarget(database, roles);
    }

    /// <summary>Runs statements as the tables' owner, separated by semicolons.</summary>
    public async Task ExecuteAsOwnerAsync(string sql)
    {
        await using var command = Roles.OwnerSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>Runs statements as Coordinator, in one transaction.</summary>
    public async Task ExecuteAsCoordinatorAsync(params IReadOnlyList<string> statements)
    {
        await using var connection = await Coordinator.OpenConnectionAsync();
        await using var batch = connection.CreateBatch();
        foreach (var statement in statements)
        {
            batch.BatchCommands.Add(new NpgsqlBatchCommand(statement));
        }

        await batch.ExecuteNonQueryAsync();
    }

    /// <summary>Roles first: disposing them drops the database, which a role that owns something must not outlive.</summary>
    public ValueTask DisposeAsync() => Roles.DisposeAsync();
}

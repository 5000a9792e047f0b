using Npgsql;

namespace Coordinator.Testing;

/// <summary>
/// Roles of an application's versions in strict mode: <c>NAME_v1</c> and so on, able to log in. Roles belong to the server, so their
/// name begins with a test database's; dispose the databases first, because a role that has rights somewhere can't be dropped.
/// </summary>
public sealed class VersionRoleSet : IAsyncDisposable
{
    private readonly TestDatabase _database;
    private readonly int _versions;

    private VersionRoleSet(TestDatabase database, int versions)
    {
        _database = database;
        _versions = versions;
    }

    /// <summary>For a specification: <c>roles: "…"</c>.</summary>
    public string Pattern => _database.Name + "_v{version}";

    /// <summary>The role of a version.</summary>
    public string this[int version] => $"{_database.Name}_v{version}";

    /// <summary>Creates the roles, and lets Coordinator's role of the database close them as an administrator would.</summary>
    public static async Task<VersionRoleSet> CreateAsync(TestDatabase database, TargetRoles roles, int versions = 2)
    {
        ArgumentNullException.ThrowIfNull(database);
        var set = new VersionRoleSet(database, versions);
        for (var version = 1; version <= versions; version++)
        {
            await database.ExecuteAsync($"create role {set[version]} login");
        }

        await set.AllowAsync(database, roles);
        return set;
    }

    /// <summary>The rights that Coordinator's role of a database needs to close the roles.</summary>
    public async Task AllowAsync(TestDatabase database, TargetRoles roles)
    {
        ArgumentNullException.ThrowIfNull(database);
        ArgumentNullException.ThrowIfNull(roles);
        await database.ExecuteAsync($"alter role {roles.Coordinator} createrole; grant pg_signal_backend to {roles.Coordinator}");
        if (await database.ScalarAsync<bool>("select current_setting('server_version_num')::int >= 160000"))
        {
            for (var version = 1; version <= _versions; version++)
            {
                await database.ExecuteAsync($"grant {this[version]} to {roles.Coordinator} with admin true, inherit false, set false");
            }
        }
    }

    /// <summary>What an application does with a table: as grants to every version's own role.</summary>
    public async Task GrantAsync(TestDatabase database, string table)
    {
        ArgumentNullException.ThrowIfNull(database);
        for (var version = 1; version <= _versions; version++)
        {
            await database.ExecuteAsync(
                $"grant usage on schema public to {this[version]}; grant select, insert, update, delete on {table} to {this[version]}");
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await using var source = NpgsqlDataSource.Create(_database.AdminConnectionString);
        for (var version = 1; version <= _versions; version++)
        {
            await using var command = source.CreateCommand($"drop role if exists {this[version]}");
            await command.ExecuteNonQueryAsync();
        }
    }
}

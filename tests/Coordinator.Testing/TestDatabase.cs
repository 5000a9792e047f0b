using Npgsql;

namespace Coordinator.Testing;

/// <summary>A database of its own for one test class or test, dropped at the end.</summary>
public sealed class TestDatabase : IAsyncDisposable
{
    private readonly string _admin;

    private TestDatabase(string admin, string name)
    {
        _admin = admin;
        Name = name;
        ConnectionString = new NpgsqlConnectionStringBuilder(admin) { Database = name, MaxPoolSize = 60 }.ConnectionString;
        DataSource = NpgsqlDataSource.Create(ConnectionString);
    }

    /// <summary>A superuser's connection string for the server's <c>postgres</c> database.</summary>
    public string AdminConnectionString => _admin;

    /// <summary>The database's name, unique in the server.</summary>
    public string Name { get; }

    /// <summary>A superuser's connection string for this database.</summary>
    public string ConnectionString { get; }

    /// <summary>A pool of superuser connections to this database.</summary>
    public NpgsqlDataSource DataSource { get; }

    /// <summary>Creates the database in the server of the test run.</summary>
    public static async Task<TestDatabase> CreateAsync() => await CreateAsync(await TestServer.AdminConnectionStringAsync());

    /// <summary>Creates the database in another server.</summary>
    public static async Task<TestDatabase> CreateAsync(string admin)
    {
        var name = "test_" + Guid.CreateVersion7().ToString("N");
        await using var source = NpgsqlDataSource.Create(admin);
        await using var command = source.CreateCommand($"create database {name}");
        await command.ExecuteNonQueryAsync();
        return new TestDatabase(admin, name);
    }

    /// <summary>The same database for another role; the role must exist and needs no password.</summary>
    public string ConnectionStringFor(string role, string? applicationName = null) =>
        new NpgsqlConnectionStringBuilder(ConnectionString) { Username = role, ApplicationName = applicationName }.ConnectionString;

    /// <summary>Runs statements, separated by semicolons, without parameters.</summary>
    public async Task ExecuteAsync(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    /// <summary>The first column of the first row.</summary>
    public async Task<T> ScalarAsync<T>(string sql)
    {
        await using var command = DataSource.CreateCommand(sql);
        return (T)(await command.ExecuteScalarAsync())!;
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await DataSource.DisposeAsync();
        NpgsqlConnection.ClearAllPools();
        await using var source = NpgsqlDataSource.Create(_admin);
        await using var command = source.CreateCommand($"drop database if exists {Name} with (force)");
        await command.ExecuteNonQueryAsync();
    }
}

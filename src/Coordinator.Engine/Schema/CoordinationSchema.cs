using System.Reflection;
using Npgsql;

namespace Coordinator.Engine.Schema;

/// <summary>
/// Creates and upgrades Coordinator's own tables in the coordination database, by numbered scripts that are part of
/// the assembly. Several replicas may start at once: one does the work, the others find it done.
/// </summary>
public static class CoordinationSchema
{
    /// <summary>Brings the schema to this program's version; an up-to-date schema is left alone.</summary>
    public static async Task EnsureAsync(NpgsqlDataSource dataSource, CancellationToken cancellationToken)
    {
        await using var connection = await dataSource.OpenConnectionAsync(cancellationToken);
        while (!await TryUpgradeAsync(connection, cancellationToken))
        {
            await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
        }
    }

    private static async Task<bool> TryUpgradeAsync(NpgsqlConnection connection, CancellationToken cancellationToken)
    {
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        if (!await ScalarAsync<bool>(connection, "select pg_try_advisory_xact_lock(hashtextextended('coordinator/schema', 0))", cancellationToken))
        {
            return false;
        }

        await ExecuteAsync(
            connection,
            """
            create schema if not exists coordinator;
            create table if not exists coordinator.schema_version (
                version integer primary key, installed_at timestamptz not null default now());
            """,
            cancellationToken);
        var installed = await ScalarAsync<int>(
            connection, "select coalesce(max(version), 0) from coordinator.schema_version", cancellationToken);
        foreach (var (version, script) in Scripts().Where(script => script.Version > installed))
        {
            await ExecuteAsync(connection, script, cancellationToken);
            await using var record = new NpgsqlCommand("insert into coordinator.schema_version (version) values ($1)", connection);
            record.Parameters.Add(new NpgsqlParameter<int> { TypedValue = version });
            await record.ExecuteNonQueryAsync(cancellationToken);
        }

        await transaction.CommitAsync(cancellationToken);
        return true;
    }

    private static IEnumerable<(int Version, string Script)> Scripts()
    {
        var assembly = Assembly.GetExecutingAssembly();
        return assembly.GetManifestResourceNames()
            .Where(name => name.EndsWith(".sql", StringComparison.Ordinal))
            .Select(name => (Version: NumberOf(name), Script: Read(assembly, name)))
            .OrderBy(script => script.Version);
    }

    // Resource names look like Coordinator.Engine.Schema.0001_side_tables.sql.
    private static int NumberOf(string resource) =>
        int.Parse(resource.Split('.')[^2].Split('_')[0], System.Globalization.CultureInfo.InvariantCulture);

    private static string Read(Assembly assembly, string resource)
    {
        using var reader = new StreamReader(assembly.GetManifestResourceStream(resource)!);
        return reader.ReadToEnd();
    }

#pragma warning disable CA2100 // The text is one of our own embedded scripts or a literal above.
    private static async Task ExecuteAsync(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static async Task<T> ScalarAsync<T>(NpgsqlConnection connection, string sql, CancellationToken cancellationToken)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        return (T)(await command.ExecuteScalarAsync(cancellationToken))!;
    }
#pragma warning restore CA2100
}

using System.Data;
using Npgsql;

namespace Coordinator.Postgres.Catalog;

/// <summary>Reads what the catalogue knows of a table. One snapshot for all of it, held for the length of a few short queries.</summary>
public static class CatalogReader
{
    /// <summary>The server's <c>server_version_num</c>, e.g. 170002.</summary>
    public static async Task<int> ReadServerVersionAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.ScalarAsync<int>(
            "select current_setting('server_version_num')::int", [], cancellationToken);
    }

    /// <summary>The oid of the relation with that exact name; null where there is none.</summary>
    internal static async Task<uint?> FindAsync(
        NpgsqlConnection connection, TableName table, CancellationToken cancellationToken)
    {
        var found = await connection.QueryAsync(
            """
            select c.oid from pg_catalog.pg_class c
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relname = $2
            """,
            [table.Schema, table.Name],
            row => row.GetFieldValue<uint>(0),
            cancellationToken);
        return found.Count == 0 ? null : found[0];
    }

    /// <summary>Everything about one table; null where no relation has that exact name.</summary>
    public static async Task<CatalogTable?> ReadTableAsync(
        NpgsqlDataSource source, string schema, string table, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(IsolationLevel.RepeatableRead, cancellationToken);
        // With an empty search_path every name in an expression or a type comes out qualified.
        await connection.ExecuteAsync(
            "set local search_path = pg_catalog, pg_temp; set local idle_in_transaction_session_timeout = '10s'",
            [],
            cancellationToken);
        var version = await connection.ScalarAsync<int>(
            "select current_setting('server_version_num')::int", [], cancellationToken);
        var found = await TableQuery.ReadAsync(connection, schema, table, version, cancellationToken);
        return found is null
            ? null
            : found with
            {
                Columns = await ColumnQuery.ReadAsync(connection, found.Oid, version, cancellationToken),
                Indexes = await IndexQuery.ReadAsync(connection, found.Oid, version, cancellationToken),
                Constraints = await ConstraintQuery.ReadAsync(connection, found.Oid, cancellationToken),
                Triggers = await TriggerQuery.ReadAsync(connection, found.Oid, cancellationToken),
            };
    }
}

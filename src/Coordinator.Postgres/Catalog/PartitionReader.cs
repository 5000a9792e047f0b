using Npgsql;

namespace Coordinator.Postgres.Catalog;

/// <summary>The partitions of a table that hold rows. They come and go while a migration runs, so they are read when they are needed.</summary>
public static class PartitionReader
{
    /// <summary>Schema and name of each leaf, in the order of their names; none when there is no such partitioned table.</summary>
    public static async Task<IReadOnlyList<(string Schema, string Name)>> LeavesAsync(
        NpgsqlDataSource source, string schema, string table, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            """
            select n.nspname, c.relname
              from pg_catalog.pg_partition_tree(pg_catalog.to_regclass($1)) as t
              join pg_catalog.pg_class as c on c.oid = t.relid
              join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
             where t.isleaf and c.relkind = 'r'
             order by 1, 2
            """,
            [new TableName(schema, table).Sql],
            row => (row.GetString(0), row.GetString(1)),
            cancellationToken);
    }
}

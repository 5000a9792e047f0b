using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ranges;
using Coordinator.Postgres.Sync;
using Npgsql;

namespace Coordinator.Postgres.Quarantine;

/// <summary>
/// How a row of one table is named in the quarantine, and found again: by the values of its primary key, each read back
/// as its own type, so that neither a setting nor a value's text form matters; by its place where there is no key.
/// </summary>
internal sealed class RowKey
{
    private readonly IReadOnlyList<(string Name, string Column, string Type)> _columns;

    private readonly bool _withChildren;

    private RowKey(IReadOnlyList<(string Name, string Column, string Type)> columns, bool withChildren = false)
    {
        _columns = columns;
        _withChildren = withChildren;
    }

    /// <summary>Whether the table has no primary key: a row that was written since is not found again.</summary>
    public bool IsPlace => _columns.Count == 0;

    public static async Task<RowKey> ReadAsync(NpgsqlConnection connection, TableName table, CancellationToken cancellationToken) =>
        new(await connection.QueryAsync(
            """
            select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)
              from pg_catalog.pg_index i
              join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
             where i.indrelid = pg_catalog.to_regclass($1) and i.indisprimary
             order by a.attnum
            """,
            [table.Sql],
            row => (row.GetString(0), Identifier.Quote(row.GetString(0)), row.GetString(1)),
            cancellationToken));

    /// <summary>The key by which rows are handed out names them, whatever the table's primary key is; none: the primary key.</summary>
    public static async Task<RowKey> ReadAsync(
        NpgsqlConnection connection, TableName table, IReadOnlyList<TargetKeyColumn> key, CancellationToken cancellationToken)
    {
        if (key.Count == 0)
        {
            return await ReadAsync(connection, table, cancellationToken);
        }

        var types = await connection.QueryAsync(
            """
            select a.attname::text, pg_catalog.format_type(a.atttypid, a.atttypmod)
              from pg_catalog.pg_attribute a
             where a.attrelid = pg_catalog.to_regclass($1) and a.attname = any ($2) and not a.attisdropped
            """,
            [table.Sql, key.Select(column => column.Name).ToArray()],
            row => (Name: row.GetString(0), Type: row.GetString(1)),
            cancellationToken);
        return new([.. key.Select(column => (
            column.Name, Identifier.Quote(column.Name), types.FirstOrDefault(type => type.Name == column.Name).Type ?? column.Type))],
            withChildren: true);
    }

    /// <summary>Where the rows are: in the table alone, or in its partitions too, whose rows one key of the table tells apart.</summary>
    public string From(TableName table) => _withChildren ? table.Sql : $"only {table.Sql}";

    /// <summary>True for the one row that <c>$1</c>, a key, names. <c>t</c> is the table.</summary>
    public string IsNamedByParameter => IsPlace
        ? "t.ctid = ($1::jsonb ->> 'ctid')::tid"
        : $"({Columns("t")}) = (select {Columns("k")} from jsonb_to_record($1::jsonb) as k({Types}))";

    /// <summary>The key of a row of the table as text, as <see cref="IsNamedByParameter"/> reads it; empty where there is no key.</summary>
    public string Text(TableName table) => IsPlace
        ? "''"
        : $"jsonb_build_object({string.Join(", ", _columns.Select(column => $"{RowTriggerSql.Literal(column.Name)}, {table.Sql}.{column.Column}"))})::text";

    /// <summary>True for the rows of the table that <c>$1</c>, a JSON array of keys, names. Not for tables without a key.</summary>
    public string IsOneOfParameter(TableName table) =>
        $"({Columns(table.Sql)}) in (select {Columns("k")} from jsonb_to_recordset($1::jsonb) as k({Types}))";

    /// <summary>True for rows that are not in the quarantine of migration <c>$3</c> for the table <c>$4</c>.</summary>
    public string IsNotQuarantined(TableName table) => IsPlace
        ? $"""
           ctid not in (
             select (q.key::jsonb ->> 'ctid')::tid from coordinator.quarantine q
              where q.migration = $3 and to_regclass(q.table_name) = to_regclass($4) and q.key::jsonb ->> 'ctid' is not null)
           """
        : $"""
           ({Columns(table.Sql)}) not in (
             select {Columns("k")} from coordinator.quarantine q cross join lateral jsonb_to_record(q.key::jsonb) as k({Types})
              where q.migration = $3 and to_regclass(q.table_name) = to_regclass($4) and not ({AnyNull}))
           """;

    private string Types => string.Join(", ", _columns.Select(column => $"{column.Column} {column.Type}"));

    // NOT IN is never true beside a null: one key of another shape must not make every row look known.
    private string AnyNull => string.Join(" or ", _columns.Select(column => $"k.{column.Column} is null"));

    private string Columns(string of) => string.Join(", ", _columns.Select(column => $"{of}.{column.Column}"));
}

using Npgsql;

namespace Coordinator.Postgres.Catalog;

/// <summary>
/// Postconditions of steps, looked up in the catalogue. Each returns null when it holds, else one sentence that says
/// what is there instead.
/// </summary>
public static class CatalogCheck
{
    /// <summary>The column is there, with that type unless <paramref name="type"/> is null.</summary>
    public static Task<string?> ColumnExistsAsync(
        NpgsqlDataSource source, TableName table, string column, string? type, CancellationToken cancellationToken) =>
        ColumnAsync(
            source,
            table,
            column,
            c => type is null || c.Type == type ? null : $"Column '{column}' of {table} has type {c.Type}, not {type}.",
            cancellationToken);

    /// <summary>No column has that name; a missing table is a problem of its own.</summary>
    public static Task<string?> ColumnAbsentAsync(
        NpgsqlDataSource source, TableName table, string column, CancellationToken cancellationToken) =>
        TableAsync(
            source,
            table,
            found => Column(found, column) is null ? null : $"Column '{column}' of {table} is still there.",
            cancellationToken);

    /// <summary>The column is NOT NULL.</summary>
    public static Task<string?> ColumnNotNullAsync(
        NpgsqlDataSource source, TableName table, string column, CancellationToken cancellationToken) =>
        ColumnAsync(
            source, table, column, c => c.NotNull ? null : $"Column '{column}' of {table} is nullable.", cancellationToken);

    /// <summary>The column is nullable.</summary>
    public static Task<string?> ColumnNullableAsync(
        NpgsqlDataSource source, TableName table, string column, CancellationToken cancellationToken) =>
        ColumnAsync(
            source, table, column, c => c.NotNull ? $"Column '{column}' of {table} is NOT NULL." : null, cancellationToken);

    /// <summary>The default is that expression, as <c>pg_get_expr</c> writes it; null means none.</summary>
    public static Task<string?> ColumnDefaultAsync(
        NpgsqlDataSource source, TableName table, string column, string? expression, CancellationToken cancellationToken) =>
        ColumnAsync(
            source,
            table,
            column,
            c => c.Default == expression
                ? null
                : $"The default of column '{column}' of {table} is {c.Default ?? "not set"}, not {expression ?? "absent"}.",
            cancellationToken);

    /// <summary>The comment is that text; null means none.</summary>
    public static Task<string?> ColumnCommentAsync(
        NpgsqlDataSource source, TableName table, string column, string? comment, CancellationToken cancellationToken) =>
        ColumnAsync(
            source,
            table,
            column,
            c => c.Comment == comment ? null : $"The comment on column '{column}' of {table} differs from the one it should have.",
            cancellationToken);

    /// <summary>The column-level privileges are exactly these, in any order.</summary>
    public static Task<string?> ColumnGrantsAsync(
        NpgsqlDataSource source,
        TableName table,
        string column,
        IReadOnlyList<string> grants,
        CancellationToken cancellationToken) =>
        ColumnAsync(
            source,
            table,
            column,
            c => c.Grants.ToHashSet(StringComparer.Ordinal).SetEquals(grants)
                ? null
                : $"Column '{column}' of {table} has the privileges [{string.Join(", ", c.Grants)}], not [{string.Join(", ", grants)}].",
            cancellationToken);

    /// <summary>The constraint is there, validated or not.</summary>
    public static Task<string?> ConstraintExistsAsync(
        NpgsqlDataSource source, TableName table, string constraint, CancellationToken cancellationToken) =>
        TableAsync(
            source,
            table,
            found => Constraint(found, constraint) is null ? NoConstraint(table, constraint) : null,
            cancellationToken);

    /// <summary>The constraint is there and validated.</summary>
    public static Task<string?> ConstraintValidAsync(
        NpgsqlDataSource source, TableName table, string constraint, CancellationToken cancellationToken) =>
        TableAsync(
            source,
            table,
            found => Constraint(found, constraint) switch
            {
                null => NoConstraint(table, constraint),
                { IsValid: false } => $"Constraint '{constraint}' of {table} is not validated.",
                _ => null,
            },
            cancellationToken);

    /// <summary>No constraint has that name.</summary>
    public static Task<string?> ConstraintAbsentAsync(
        NpgsqlDataSource source, TableName table, string constraint, CancellationToken cancellationToken) =>
        TableAsync(
            source,
            table,
            found => Constraint(found, constraint) is null ? null : $"Constraint '{constraint}' of {table} is still there.",
            cancellationToken);

    /// <summary>The index is there, valid and ready.</summary>
    public static Task<string?> IndexValidAsync(
        NpgsqlDataSource source, TableName table, string index, CancellationToken cancellationToken) =>
        TableAsync(
            source,
            table,
            found => found.Indexes.FirstOrDefault(i => i.Name == index) switch
            {
                null => $"{table} has no index '{index}'.",
                { IsValid: false } => $"Index '{index}' of {table} is invalid: a concurrent build did not finish.",
                _ => null,
            },
            cancellationToken);

    /// <summary>The trigger is there and fires for ordinary sessions.</summary>
    public static async Task<string?> TriggerEnabledAsync(
        NpgsqlDataSource source, TableName table, string trigger, CancellationToken cancellationToken) =>
        await TriggerModeAsync(source, table, trigger, cancellationToken) switch
        {
            null => $"{table} has no trigger '{trigger}'.",
            "O" or "A" => null,
            var mode => $"Trigger '{trigger}' of {table} is {(mode == "D" ? "disabled" : "enabled for replicas only")}.",
        };

    /// <summary>No trigger has that name.</summary>
    public static async Task<string?> TriggerAbsentAsync(
        NpgsqlDataSource source, TableName table, string trigger, CancellationToken cancellationToken) =>
        await TriggerModeAsync(source, table, trigger, cancellationToken) is null
            ? null
            : $"Trigger '{trigger}' of {table} is still there.";

    private static async Task<string?> TriggerModeAsync(
        NpgsqlDataSource source, TableName table, string trigger, CancellationToken cancellationToken)
    {
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.ScalarAsync<string>(
            """
            select t.tgenabled::text
            from pg_catalog.pg_trigger t
            join pg_catalog.pg_class c on c.oid = t.tgrelid
            join pg_catalog.pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relname = $2 and t.tgname = $3
            """,
            [table.Schema, table.Name, trigger],
            cancellationToken);
    }

    private static Task<CatalogTable?> FindAsync(
        NpgsqlDataSource source, TableName table, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(table);
        return CatalogReader.ReadTableAsync(source, table.Schema, table.Name, cancellationToken);
    }

    private static async Task<string?> TableAsync(
        NpgsqlDataSource source, TableName table, Func<CatalogTable, string?> look, CancellationToken cancellationToken) =>
        await FindAsync(source, table, cancellationToken) is { } found ? look(found) : NoTable(table);

    private static Task<string?> ColumnAsync(
        NpgsqlDataSource source,
        TableName table,
        string column,
        Func<CatalogColumn, string?> look,
        CancellationToken cancellationToken) =>
        TableAsync(
            source, table, found => Column(found, column) is { } there ? look(there) : NoColumn(table, column), cancellationToken);

    private static CatalogColumn? Column(CatalogTable table, string name) => table.Columns.FirstOrDefault(c => c.Name == name);

    private static CatalogConstraint? Constraint(CatalogTable table, string name) =>
        table.Constraints.FirstOrDefault(c => c.Name == name);

    private static string NoTable(TableName table) => $"There is no table {table}.";

    private static string NoColumn(TableName table, string column) => $"{table} has no column '{column}'.";

    private static string NoConstraint(TableName table, string constraint) => $"{table} has no constraint '{constraint}'.";
}

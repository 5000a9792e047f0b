using Coordinator.Domain.Catalog;

namespace Coordinator.Domain.Operations;

/// <summary>Why rows can't be handed out by a key, with a stable code and what to do.</summary>
public sealed record RangeKeyDefect(string Code, string Message, string Remedy)
{
    private const string Otherwise = "or write by: blocks if something keeps every row right that is written meanwhile";

    internal static RangeKeyDefect NoPrimaryKey(TableInfo table) => new(
        "RANGE_KEY_MISSING",
        $"Table {table.Schema}.{table.Name} has no primary key that its rows could be handed out by.",
        $"Name the NOT NULL columns of a unique index as key: [...], {Otherwise}.");

    internal static RangeKeyDefect NotUnique(TableInfo table, IReadOnlyList<string> columns) => new(
        "RANGE_KEY_NOT_UNIQUE",
        $"Table {table.Schema}.{table.Name} has no valid unique btree index on exactly ({string.Join(", ", columns)}), in this order, ascending, "
        + "with the columns' own collations, without a condition.",
        $"Name the columns of such an index in its order, leave key out to take the primary key, {Otherwise}.");

    internal static RangeKeyDefect ColumnNotFound(TableInfo table, string column) => new(
        "RANGE_KEY_COLUMN",
        $"Table {table.Schema}.{table.Name} has no column {column}.",
        "Check the name, and upper and lower case.");

    internal static RangeKeyDefect Nullable(ColumnInfo column) => new(
        "RANGE_KEY_NULLABLE",
        $"Column {column.Name} may be NULL, and such rows would be in no range.",
        $"Make it NOT NULL, name another key, {Otherwise}.");

    internal static RangeKeyDefect Type(ColumnInfo column) => new(
        "RANGE_KEY_TYPE",
        $"Rows can't be handed out by column {column.Name} of type {column.Type}.",
        "Name a key of smallint, integer, bigint, numeric, uuid, text, varchar, char, date, timestamp or bytea columns, " + Otherwise + ".");

    internal static RangeKeyDefect Order(IndexInfo index) => new(
        "RANGE_KEY_ORDER",
        $"The order of index {index.Name} can't be relied on: {index.OrderProblem}.",
        "After a change of a collation's version run REINDEX and ALTER COLLATION ... REFRESH VERSION (ALTER DATABASE for its default); else name "
        + $"a key without that column, {Otherwise}.");

    internal static RangeKeyDefect Changed(TableInfo table) => new(
        "RANGE_KEY_CHANGED",
        $"The type of a key column of {table.Schema}.{table.Name} is not what it was when the migration was planned.",
        "Restore it, or roll back and plan anew.");
}

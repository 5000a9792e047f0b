using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Sync;

/// <summary>
/// A column that a row trigger fills where a write leaves it NULL, so that a NOT NULL constraint can be added while old
/// versions still write NULLs.
/// </summary>
public sealed record FillTrigger
{
    /// <summary>The table's schema, unquoted.</summary>
    public required string Schema { get; init; }

    /// <summary>The table's name, unquoted.</summary>
    public required string Table { get; init; }

    /// <summary>The column to fill.</summary>
    public required string Column { get; init; }

    /// <summary>
    /// SQL expression over the row, columns by their bare names. Functions outside pg_catalog are named with their schema.
    /// </summary>
    public required string Expression { get; init; }

    /// <summary>The trigger's name, and its function's in schema coordinator; sorts after the table's other triggers.</summary>
    public required string TriggerName { get; init; }

    internal TableName TableName => new(Schema, Table);

    /// <summary>The name of a trigger for this column: sorts late, is the same every time, fits 63 bytes.</summary>
    public static string NameFor(string schema, string table, string column) =>
        "zz_coordinator_fill_" + SyncTrigger.Digest(schema, table, column);
}

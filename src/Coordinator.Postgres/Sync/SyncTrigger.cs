using System.Text;
using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Sync;

/// <summary>
/// Two columns of one table that a row trigger keeps in sync, both ways. Whatever an INSERT or UPDATE names, its row is
/// in sync afterwards; backfills by block range are correct only because of that.
/// </summary>
public sealed record SyncTrigger
{
    /// <summary>The table's schema, unquoted.</summary>
    public required string Schema { get; init; }

    /// <summary>The table's name, unquoted.</summary>
    public required string Table { get; init; }

    /// <summary>The column that old versions of the application read and write.</summary>
    public required string OldColumn { get; init; }

    /// <summary>The column that new versions read and write.</summary>
    public required string NewColumn { get; init; }

    /// <summary>
    /// SQL expression for the new value; <c>{}</c> stands for the old one. Must be immutable, and name functions outside
    /// pg_catalog with their schema.
    /// </summary>
    public string Up { get; init; } = SyncExpression.Placeholder;

    /// <summary>SQL expression for the old value; <c>{}</c> stands for the new one.</summary>
    public string Down { get; init; } = SyncExpression.Placeholder;

    /// <summary>
    /// Whether queries outside the trigger compare the two sides as text: for types without equality, such as json.
    /// The trigger itself compares images, which works for every type.
    /// </summary>
    public bool CompareAsText { get; init; }

    /// <summary>
    /// Whether the two columns have the same type. With the identity both ways the trigger then has a condition, and a row whose sides
    /// are the same and not NULL costs one comparison: what a backfill writes, and what any write of a finished row that is not about
    /// these columns leaves. Because of the condition PostgreSQL refuses to drop either column, or to change its type, meanwhile.
    /// </summary>
    public bool SameType { get; init; }

    /// <summary>What happens when one statement changes both sides to values that do not agree.</summary>
    public SyncConflict OnConflict { get; init; } = SyncConflict.Raise;

    /// <summary>
    /// The trigger's name, and its function's in schema coordinator. Must sort after every other BEFORE trigger of the
    /// table, since those may still change the row.
    /// </summary>
    public required string TriggerName { get; init; }

    /// <summary>The function's name in schema coordinator.</summary>
    public string FunctionName => TriggerName;

    /// <summary>The sequence in schema coordinator that counts writes whose source was the old side.</summary>
    public string OldWritesSequence => TriggerName + "_old";

    /// <summary>The sequence in schema coordinator that counts writes of both sides that did not agree.</summary>
    public string ConflictsSequence => TriggerName + "_both";

    internal TableName TableName => new(Schema, Table);

    /// <summary>The name of a trigger for this pair of columns: sorts late, is the same every time, fits 63 bytes.</summary>
    public static string NameFor(string schema, string table, string oldColumn, string newColumn) =>
        "zz_coordinator_sync_" + Digest(schema, table, oldColumn, newColumn);

    internal static string Digest(params string[] parts) =>
        Convert.ToHexStringLower(
            System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', parts))))[..8];
}

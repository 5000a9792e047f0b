using Coordinator.Domain.Plans;
using Coordinator.Domain.Sql;

namespace Coordinator.Domain.Specs;

/// <summary>The shape of single operations: names that PostgreSQL can hold, and SQL that may be what it claims to be.</summary>
internal static class OperationShape
{
    // What an index can have.
    private const int MaxKeyColumns = 32;

    private static readonly string[] SystemColumns = ["tableoid", "xmin", "cmin", "xmax", "cmax", "ctid"];

    private static readonly string[] SystemSchemas = ["pg_catalog", "pg_toast", "information_schema", "coordinator"];

    /// <summary>The operation's key in a spec.</summary>
    public static string KeyOf(OperationSpec operation) => operation switch
    {
        OperationSpec.RenameColumn => "rename_column",
        OperationSpec.SetNotNull => "set_not_null",
        _ => "raw_sql",
    };

    public static void Validate(OperationSpec operation, SpecReport report)
    {
        var at = report.At(KeyOf(operation));
        switch (operation)
        {
            case OperationSpec.RenameColumn rename:
                ValidateTable(rename.Target, at.At("table"));
                ValidateColumn(rename.From, at.At("from"));
                ValidateColumn(rename.To, at.At("to"));
                if (string.Equals(rename.From, rename.To, StringComparison.Ordinal))
                {
                    at.At("to").Add("SAME_NAME", "The new name is the old one.", "Give another name.");
                }

                break;
            case OperationSpec.SetNotNull set:
                ValidateTable(set.Target, at.At("table"));
                ValidateColumn(set.Column, at.At("column"));
                at.At("fill").Add(SqlRules.Expression(set.Fill), "fill");
                break;
            case OperationSpec.RawSql raw:
                ValidateRaw(raw, at);
                break;
            default:
                at.Add("OPERATION_UNKNOWN", "The operation is unknown.", "Use rename_column, set_not_null or raw_sql.");
                break;
        }
    }

    private static void ValidateRaw(OperationSpec.RawSql raw, SpecReport at)
    {
        if (raw is { Expand: null, Backfill: null, Contract: null })
        {
            at.Add("RAW_SQL_EMPTY", "The operation does nothing.", "Give at least one of expand, backfill and contract.");
        }

        if (raw is { Expand: not null, Rollback: null })
        {
            at.At("rollback").Add(
                "ROLLBACK_MISSING",
                "An expand part needs its way back: without it a rollback would leave behind what expand made.",
                "Give the one statement that undoes expand.");
        }

        if (raw.Table is not null)
        {
            ValidateTable(TableRef.Parse(raw.Table, null), at.At("table"));
        }

        foreach (var (key, sql) in new[] { ("expand", raw.Expand), ("contract", raw.Contract), ("rollback", raw.Rollback) })
        {
            if (sql is not null)
            {
                at.At(key).Add(SqlRules.Statement(sql), key);
            }
        }

        if (raw.Backfill is { } backfill)
        {
            ValidateTable(TableRef.Parse(backfill.Table, null), at.At("backfill.table"));
            ValidateWork(backfill, at.At("backfill"));
            ValidateKey(backfill, at.At("backfill.key"));
            if (backfill.Verify is not null)
            {
                at.At("backfill.verify").Add(SqlRules.CountQuery(backfill.Verify), "verify");
            }
        }
    }

    private static void ValidateWork(RawBackfill backfill, SpecReport at)
    {
        switch (backfill)
        {
            case { Sql: null, Handler: null }:
                at.Add(
                    "BACKFILL_EMPTY",
                    "The backfill does nothing.",
                    "Give sql, one UPDATE with {range}, or handler, the name of code that your workers register.");
                break;
            case { Sql: not null, Handler: not null }:
                at.At("handler").Add(
                    "BACKFILL_AMBIGUOUS", "The backfill has both sql and handler.", "Keep one of them: a batch is run by one of the two.");
                break;
            case { Sql: { } sql }:
                at.At("sql").Add(SqlRules.BackfillStatement(sql), "the backfill");
                break;
            default:
                if (!HandlerName.IsValid(backfill.Handler, out var why))
                {
                    at.At("handler").Add(
                        "HANDLER_INVALID", $"The handler's name {why}.", "Give the name under which your workers register it, such as recompute-price.");
                }

                break;
        }
    }

    private static void ValidateKey(RawBackfill backfill, SpecReport at)
    {
        if (backfill.Key is not { } key)
        {
            return;
        }

        if (backfill.By is RangeKind.Blocks)
        {
            at.Add("RANGE_KEY_UNUSED", "The backfill goes by blocks and names a key.", "Leave one of the two out.");
        }

        if (key.Count is 0 or > MaxKeyColumns || key.Distinct(StringComparer.Ordinal).Count() != key.Count)
        {
            at.Add("RANGE_KEY_COLUMN", $"A key has 1 to {MaxKeyColumns} columns, each once.", "Name the columns of a unique index, in its order.");
        }

        foreach (var column in key.Take(MaxKeyColumns))
        {
            ValidateColumn(column, at);
        }
    }

    private static void ValidateTable(TableRef table, SpecReport at)
    {
        if (!SqlIdentifier.IsAcceptable(table.Schema, out var why))
        {
            at.Add("IDENTIFIER_INVALID", $"The schema's name {why}.", "Give the name as the catalogue has it, at most 63 bytes.");
        }
        else if (SystemSchemas.Contains(table.Schema, StringComparer.Ordinal)
            || table.Schema.StartsWith("pg_temp", StringComparison.Ordinal))
        {
            at.Add("SYSTEM_SCHEMA", $"Schema {table.Schema} is not the application's.", "Name a table of the application.");
        }

        if (!SqlIdentifier.IsAcceptable(table.Name, out why))
        {
            at.Add("IDENTIFIER_INVALID", $"The table's name {why}.", "Give the name as the catalogue has it, at most 63 bytes.");
        }
    }

    private static void ValidateColumn(string column, SpecReport at)
    {
        if (!SqlIdentifier.IsAcceptable(column, out var why))
        {
            at.Add("IDENTIFIER_INVALID", $"The column's name {why}.", "Give a name of 1 to 63 bytes, as the catalogue has it.");
        }
        else if (SystemColumns.Contains(column, StringComparer.Ordinal))
        {
            at.Add("SYSTEM_COLUMN", $"{column} is a system column of every table.", "Name a column of the application.");
        }
    }
}

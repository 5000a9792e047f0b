using Coordinator.Domain.Specs;

namespace Coordinator.Engine.Specs;

/// <summary>Reads one entry of <c>operations</c>: a mapping with one key, the kind of operation.</summary>
internal sealed class OperationReader(SpecIssues issues)
{
    private static readonly string[] Kinds = ["rename_column", "set_not_null", "raw_sql"];

    private int _standIns;

    /// <summary>The operation, or a stand-in that keeps its neighbours' numbers.</summary>
    public OperationSpec Read(SpecNode node, string path)
    {
        if (SpecMappingReader.Open(node, path, issues) is not { } outer)
        {
            return StandIn();
        }

        if (outer.Entries.Count != 1)
        {
            issues.Add(
                path,
                node.Mark,
                "OPERATION_NOT_SINGLE",
                outer.Entries.Count == 0 ? "The operation is empty." : "The operation has more than one kind.",
                $"Give each list entry exactly one of {string.Join(", ", Kinds)}; check the indentation.");
            return StandIn();
        }

        var entry = outer.Entries[0];
        var inner = outer.PathOf(entry.Key);
        return entry.Key switch
        {
            "rename_column" => RenameColumn(entry.Value, inner),
            "set_not_null" => SetNotNull(entry.Value, inner),
            "raw_sql" => RawSql(entry.Value, inner),
            _ => Unknown(entry, path),
        };
    }

    private OperationSpec RenameColumn(SpecNode node, string path)
    {
        if (SpecMappingReader.Open(node, path, issues, "table", "from", "to", "on_default", "schema") is not { } reader)
        {
            return StandIn();
        }

        return new OperationSpec.RenameColumn(
            reader.RequiredText("table", "Name the table, or schema.table.", Name()),
            reader.RequiredText("from", "Name the column as it is.", Name()),
            reader.RequiredText("to", "Name the column as it shall be.", Name()),
            reader.OptionalText("schema", "Name the table's schema, or leave the key out."),
            OnDefault(reader));
    }

    private static InsertDefaultPolicy? OnDefault(SpecMappingReader reader)
    {
        const string Remedy = "Write accept or refuse, or leave the key out.";
        switch (reader.OptionalText("on_default", Remedy))
        {
            case null:
                return null;
            case "accept":
                return InsertDefaultPolicy.Accept;
            case "refuse":
                return InsertDefaultPolicy.Refuse;
            case var other:
                reader.Report(
                    "on_default",
                    reader.Node("on_default")!.Mark,
                    "VALUE_UNKNOWN",
                    $"on_default can't be '{SpecNodeParser.Shorten(other)}'.",
                    Remedy);
                return null;
        }
    }

    private OperationSpec SetNotNull(SpecNode node, string path)
    {
        if (SpecMappingReader.Open(node, path, issues, "table", "column", "fill", "schema") is not { } reader)
        {
            return StandIn();
        }

        return new OperationSpec.SetNotNull(
            reader.RequiredText("table", "Name the table, or schema.table.", Name()),
            reader.RequiredText("column", "Name the column.", Name()),
            reader.RequiredText("fill", "Give the SQL expression that takes the place of NULL; quote a text twice: \"'unknown'\".", "0"),
            reader.OptionalText("schema", "Name the table's schema, or leave the key out."));
    }

    private OperationSpec.RawSql RawSql(SpecNode node, string path)
    {
        const string Remedy = "Write one SQL statement, or leave the key out.";
        if (SpecMappingReader.Open(node, path, issues, "expand", "backfill", "contract", "rollback", "table") is not { } reader)
        {
            return StandIn();
        }

        return new OperationSpec.RawSql(
            reader.OptionalText("expand", Remedy) ?? InPlaceOf(reader, "expand"),
            reader.Node("backfill") is { } backfill ? Backfill(backfill, reader.PathOf("backfill")) : null,
            reader.OptionalText("contract", Remedy) ?? InPlaceOf(reader, "contract"),
            reader.OptionalText("rollback", Remedy) ?? InPlaceOf(reader, "rollback"),
            reader.OptionalText("table", "Name the table whose lock the statements take, or leave the key out."));
    }

    // A part that is there but unreadable must not look as if it were left out.
    private static string? InPlaceOf(SpecMappingReader reader, string key) => reader.Node(key) is null ? null : "select 1";

    private RawBackfill Backfill(SpecNode node, string path)
    {
        const string Update = "update t set a = 0 where {range}";
        if (SpecMappingReader.Open(node, path, issues, "table", "sql", "verify", "handler", "by", "key") is not { } reader)
        {
            return new RawBackfill(Name(), Update, null);
        }

        var table = reader.RequiredText("table", "Name the table whose rows are filled.", Name());
        var sql = reader.OptionalText("sql", "Write one UPDATE, or INSERT ... SELECT, with {range} in its WHERE, or name a handler instead.");
        var handler = reader.OptionalText("handler", "Name the code that your workers register, or write sql instead.");
        // What is there but unreadable is reported already; it must not look as if it were left out.
        var unreadable = sql is null && handler is null && (reader.Node("sql") ?? reader.Node("handler")) is not null;
        return new RawBackfill(
            table,
            unreadable ? Update : sql,
            reader.OptionalText("verify", "Write a query that returns the number of wrong rows, or leave the key out."),
            handler,
            By(reader),
            reader.OptionalTexts("key", "Write the columns of a unique index in its order: [tenant_id, id]."));
    }

    private static RangeKind? By(SpecMappingReader reader)
    {
        const string Remedy = "Write by: key or by: blocks, or leave it out: by the primary key where that can be done.";
        switch (reader.OptionalText("by", Remedy))
        {
            case null:
                return null;
            case "key":
                return RangeKind.Key;
            case "blocks":
                return RangeKind.Blocks;
            case var other:
                reader.Report("by", reader.Node("by")!.Mark, "VALUE_UNKNOWN", $"by can't be '{SpecNodeParser.Shorten(other)}'.", Remedy);
                return null;
        }
    }

    private OperationSpec.RawSql Unknown(SpecEntry entry, string path)
    {
        var kinds = $"Known operations: {string.Join(", ", Kinds)}.";
        issues.Add(
            path,
            entry.KeyMark,
            "OPERATION_UNKNOWN",
            $"There is no operation '{SpecNodeParser.Shorten(entry.Key)}'.",
            Suggestion.For(entry.Key, Kinds) is { } near ? $"Did you mean '{near}'? {kinds}" : kinds);
        return StandIn();
    }

    private static OperationSpec.RawSql StandIn() => new(null, null, "select 1", null);

    // Each another, so that no two of them are "the same column".
    private string Name() => $"missing_{_standIns++}";
}

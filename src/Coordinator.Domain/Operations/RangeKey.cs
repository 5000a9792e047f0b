using Coordinator.Domain.Catalog;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Operations;

/// <summary>
/// The key by which a backfill hands its rows out: the columns of a unique index in whose order the whole table can be walked. No two
/// rows have the same, none lacks it, and the server's idea of the order is the one that the index was built with.
/// </summary>
public static class RangeKey
{
    /// <summary>Types whose values are the same again when they are read back from their text, and whose order no setting changes.</summary>
    private static readonly Dictionary<string, string> Types = new(StringComparer.Ordinal)
    {
        ["smallint"] = "int2",
        ["integer"] = "int4",
        ["bigint"] = "int8",
        ["numeric"] = "numeric",
        ["uuid"] = "uuid",
        ["text"] = "text",
        // Compared as text.
        ["character varying"] = "text",
        ["character"] = "bpchar",
        ["date"] = "date",
        ["timestamp without time zone"] = "timestamp",
        ["timestamp with time zone"] = "timestamptz",
        ["bytea"] = "bytea",
    };

    /// <summary>The table's primary key, or the named columns.</summary>
    /// <param name="table">The table as the catalogue has it.</param>
    /// <param name="columns">The columns in the order of their index; null for the primary key.</param>
    /// <param name="defect">Why they are no such key; null when they are.</param>
    /// <returns>The key; null with a defect.</returns>
    public static IReadOnlyList<KeyColumn>? Find(TableInfo table, IReadOnlyList<string>? columns, out RangeKeyDefect? defect)
    {
        ArgumentNullException.ThrowIfNull(table);
        defect = null;
        var indexes = table.Indexes.Where(index => Fits(index, columns)).ToList();
        if (columns?.FirstOrDefault(name => table.Column(name) is null) is { } unknown)
        {
            defect = RangeKeyDefect.ColumnNotFound(table, unknown);
        }
        else if (indexes.Count == 0)
        {
            defect = columns is null ? RangeKeyDefect.NoPrimaryKey(table) : RangeKeyDefect.NotUnique(table, columns);
        }
        else if (indexes.All(static index => index.OrderProblem is not null))
        {
            defect = RangeKeyDefect.Order(indexes[0]);
        }
        else
        {
            var index = indexes.First(static index => index.OrderProblem is null);
            var key = index.Keys.Select(part => table.Column(part.Name)!).ToList();
            defect = key.FirstOrDefault(static column => !column.NotNull) is { } nullable ? RangeKeyDefect.Nullable(nullable)
                : key.FirstOrDefault(static column => TypeOf(column) is null) is { } other ? RangeKeyDefect.Type(other)
                : null;
            return defect is null ? [.. key.Select(static column => new KeyColumn(column.Name, TypeOf(column)!))] : null;
        }

        return null;
    }

    /// <summary>Why a key that was one when it was planned is none any more; null when it still is.</summary>
    public static RangeKeyDefect? Recheck(TableInfo table, IReadOnlyList<KeyColumn> key)
    {
        ArgumentNullException.ThrowIfNull(key);
        var now = Find(table, [.. key.Select(static column => column.Name)], out var defect);
        return defect ?? (now!.SequenceEqual(key) ? null : RangeKeyDefect.Changed(table));
    }

    // Keys in ascending order with the columns' own collations and their types' usual comparison: nothing stands behind the column then.
    private static bool Fits(IndexInfo index, IReadOnlyList<string>? columns) =>
        index is { IsUnique: true, IsValid: true, HasExpressions: false, HasPredicate: false, IsExclusion: false, Method: "btree" }
        && index.Keys.All(static part => part.Options.Length == 0)
        && (columns is null ? index.IsPrimary : index.Keys.Select(static part => part.Name).SequenceEqual(columns, StringComparer.Ordinal));

    private static string? TypeOf(ColumnInfo column)
    {
        // "character varying(80)", "timestamp(3) with time zone", "numeric(10,2)"
        var open = column.Type.IndexOf('(', StringComparison.Ordinal);
        var close = column.Type.IndexOf(')', StringComparison.Ordinal);
        var name = open < 0 || close < open ? column.Type : column.Type[..open] + column.Type[(close + 1)..];
        return Types.GetValueOrDefault(name);
    }
}

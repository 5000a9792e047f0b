using Coordinator.Domain.Catalog;

namespace Coordinator.Domain.Operations;

/// <summary>
/// Whether "equal" means "the same" for a column's type. Where it does not (numeric 1.0 and 1.00, a collation that ignores case) or
/// where there is no equality, values are compared by their text: a trigger that takes a write for "unchanged" would lose it.
/// </summary>
internal static class ColumnComparison
{
    // By the name in front of a modifier such as (80). Everything that is not listed is compared as text, which is right for any type.
    private static readonly HashSet<string> EqualIsSame = new(StringComparer.Ordinal)
    {
        "smallint", "integer", "bigint", "boolean", "oid", "uuid", "bytea", "name", "\"char\"",
        "text", "character varying", "character",
        "date", "time without time zone", "timestamp without time zone", "timestamp with time zone",
        "real", "double precision", "inet", "cidr", "macaddr", "macaddr8", "bit", "bit varying",
    };

    public static bool NeedsText(ColumnInfo column) =>
        !column.HasEquality || column.Collation is not null || !EqualIsSame.Contains(WithoutModifier(column.Type));

    private static string WithoutModifier(string type)
    {
        var open = type.IndexOf('(', StringComparison.Ordinal);
        var close = type.IndexOf(')', StringComparison.Ordinal);
        return open < 0 || close < open ? type : string.Concat(type[..open].TrimEnd(), type[(close + 1)..]);
    }
}

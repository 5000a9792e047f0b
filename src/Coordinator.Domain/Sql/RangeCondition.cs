using System.Globalization;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Sql;

/// <summary>What takes the place of <c>{range}</c>: true for the rows between the parameters $1 and $2.</summary>
internal static class RangeCondition
{
    /// <summary>From block $1 to before block $2, both of type tid.</summary>
    public static string OfBlocks(string? alias) => $"({Of(alias)}ctid >= $1 and {Of(alias)}ctid < $2)";

    /// <summary>
    /// Behind the key $1 up to the key $2, both arrays of texts; null is no bound, and twice the same is that key alone. The values are
    /// known when the statement is planned, so the case goes away and an index of the key has both bounds. The bounds have no collation
    /// of their own: what compares is the columns', which is the index's too.
    /// </summary>
    public static string OfKey(IReadOnlyList<KeyColumn> key, string? alias)
    {
        var row = Row(key.Select(column => Of(alias) + column.Sql));
        var lower = Row(key.Select((column, at) => Bound(1, at, column)));
        var upper = Row(key.Select((column, at) => Bound(2, at, column)));
        return $"(case when $1 is null and $2 is null then true when $1 is null then {row} <= {upper} when $2 is null then {row} > {lower} "
            + $"when $1 = $2 then {row} = {upper} else {Between(key, alias, from: 0)} end)";
    }

    /// <summary>
    /// True for the rows whose key belongs to the sweep that takes the place of <see cref="SweepPlaceholder"/>: whatever else is written to a
    /// row, it stays in its sweep. As a call and not as an operator, of which the planner would expect one row of two hundred, and not
    /// a third.
    /// </summary>
    public static string OfSweep(IReadOnlyList<KeyColumn> key, string? alias)
    {
        // Half the price where it can be; a row's hash is that of its columns' types and collations, so it is good for any key.
        var hash = key is [{ Type: "int2" or "int4" or "int8" } number]
            ? $"pg_catalog.hashint8extended({Of(alias)}{number.Sql}, 0)"
            : $"pg_catalog.hash_record_extended(row({string.Join(", ", key.Select(column => Of(alias) + column.Sql))}), 0)";
        return string.Create(
            CultureInfo.InvariantCulture, $"pg_catalog.int8eq(pg_catalog.int8and({hash}, {BlockSweeps.Count - 1}), {SweepPlaceholder.Text})");
    }

    // Where the first columns are the same, as they are nearly always, the planner knows how few rows lie between the others; of a
    // comparison of rows it looks at the first column alone, and would take a batch for most of a table with three tenants.
    private static string Between(IReadOnlyList<KeyColumn> key, string? alias, int from)
    {
        var column = Of(alias) + key[from].Sql;
        var (lower, upper) = (Bound(1, from, key[from]), Bound(2, from, key[from]));
        if (from == key.Count - 1)
        {
            return $"{column} > {lower} and {column} <= {upper}";
        }

        var rows = Row(key.Skip(from).Select(each => Of(alias) + each.Sql));
        var lowers = Row(key.Skip(from).Select((each, at) => Bound(1, from + at, each)));
        var uppers = Row(key.Skip(from).Select((each, at) => Bound(2, from + at, each)));
        return string.Create(CultureInfo.InvariantCulture, $"case when ($1)[{from + 1}] = ($2)[{from + 1}] then ")
            + $"{column} = {lower} and {Between(key, alias, from + 1)} "
            + $"else {rows} > {lowers} and {rows} <= {uppers} and {column} >= {lower} and {column} <= {upper} end";
    }

    private static string Bound(int parameter, int at, KeyColumn column) =>
        string.Create(CultureInfo.InvariantCulture, $"(${parameter})[{at + 1}]::pg_catalog.{column.Type}");

    private static string Row(IEnumerable<string> values)
    {
        var all = values.ToList();
        return all.Count == 1 ? all[0] : $"({string.Join(", ", all)})";
    }

    private static string Of(string? alias) => alias is null ? "" : alias + ".";
}

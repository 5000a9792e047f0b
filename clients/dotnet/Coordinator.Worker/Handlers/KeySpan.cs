using Coordinator.Worker.Batches;

namespace Coordinator.Worker.Handlers;

/// <summary>The rows of a batch that goes by a key: behind the key <paramref name="Lower"/>, none for the smallest, up to <paramref name="Upper"/>.</summary>
internal sealed record KeySpan(IReadOnlyList<KeyColumn> Columns, string[]? Lower, string[] Upper)
{
    /// <summary>
    /// The condition as SQL, of literals, so that parameters keep the numbers that the handler gave them. What compares are the columns'
    /// own collations; a literal has none.
    /// </summary>
    /// <param name="alias">What stands before the columns; null for nothing.</param>
    public string Condition(string? alias)
    {
        var columns = Columns.Select(column => (alias is null ? "" : alias + ".") + Quoted(column.Name, '"')).ToArray();
        var upper = Bounds(Upper);
        if (Lower is null)
        {
            return $"({Row(columns)} <= {Row(upper)})";
        }

        // What the bounds have in common is said apart: the planner looks only at the first column of a comparison of rows.
        var lower = Bounds(Lower);
        var same = 0;
        while (same < columns.Length - 1 && Lower[same] == Upper[same])
        {
            same++;
        }

        return "(" + string.Concat(columns.Take(same).Select((column, at) => $"{column} = {lower[at]} and "))
            + $"{Row(columns[same..])} > {Row(lower[same..])} and {Row(columns[same..])} <= {Row(upper[same..])}"
            + $" and {columns[same]} >= {lower[same]} and {columns[same]} <= {upper[same]})";
    }

    private string[] Bounds(string[] values) =>
        [.. Columns.Zip(values, static (column, value) => $"{Literal(value)}::pg_catalog.{Quoted(column.Type, '"')}")];

    private static string Row(IEnumerable<string> values) => $"row({string.Join(", ", values)})";

    // An escape string reads a backslash in one way only, whatever the session's settings are.
    private static string Literal(string value) =>
        value.Contains('\\', StringComparison.Ordinal)
            ? $"e{Quoted(value.Replace("\\", "\\\\", StringComparison.Ordinal), '\'')}"
            : Quoted(value, '\'');

    private static string Quoted(string text, char quote) =>
        $"{quote}{text.Replace(quote.ToString(), new string(quote, 2), StringComparison.Ordinal)}{quote}";
}

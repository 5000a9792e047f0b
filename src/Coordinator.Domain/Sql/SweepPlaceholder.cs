using System.Globalization;

namespace Coordinator.Domain.Sql;

/// <summary>
/// What stands in the statement of a table that is swept by its rows' keys for the number of a batch's sweep. It is no SQL outside of texts
/// and quoted identifiers, so it can't be mistaken for an operator's, and whoever does not know it gets a syntax error and no wrong rows.
/// </summary>
internal static class SweepPlaceholder
{
    public const string Text = "{sweep}";

    /// <summary>The statement of one sweep; null where the placeholder does not stand outside of texts and identifiers.</summary>
    public static string? Fill(string statement, long sweep)
    {
        var code = SqlScan.Of(statement).Code.ToList();
        var at = Enumerable.Range(0, Math.Max(code.Count - 2, 0)).FirstOrDefault(
            i => code[i].IsSymbol('{') && code[i + 1].Text == "sweep" && code[i + 2].IsSymbol('}'), -1);
        return at < 0
            ? null
            : string.Create(CultureInfo.InvariantCulture, $"{statement[..code[at].Start]}{sweep}{statement[code[at + 2].End..]}");
    }
}

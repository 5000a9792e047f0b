using System.Text.RegularExpressions;

namespace Coordinator.Domain.Sql;

/// <summary>
/// <c>{range}</c> in an operator's SQL, or <c>{range alias}</c>, where the table has another name or other tables stand beside it.
/// </summary>
/// <param name="Start">Where it begins in the text.</param>
/// <param name="End">One behind its end.</param>
/// <param name="Alias">The name before its columns, as it was written; null for none.</param>
public sealed partial record RangePlaceholder(int Start, int End, string? Alias)
{
    /// <summary>As it is written mostly.</summary>
    public const string Plain = "{range}";

    /// <summary>The SQL as a server can parse it: a condition that is always true in its place.</summary>
    public static string Without(string sql) => Written().Replace(sql, "true");

    /// <summary>Those that stand outside of texts and comments.</summary>
    internal static IReadOnlyList<RangePlaceholder> Of(string sql) => Of(SqlScan.Of(sql));

    internal static IReadOnlyList<RangePlaceholder> Of(SqlScan scan)
    {
        var code = scan.Code.ToList();
        var found = new List<RangePlaceholder>();
        for (var i = 0; i + 2 < code.Count; i++)
        {
            // Exactly as documented: nothing stands between the brace and its word.
            if (!code[i].IsSymbol('{') || code[i + 1].Text != "range" || code[i + 1].Start != code[i].End)
            {
                continue;
            }

            if (code[i + 2].IsSymbol('}') && code[i + 2].Start == code[i + 1].End)
            {
                found.Add(new RangePlaceholder(code[i].Start, code[i + 2].End, null));
            }
            else if (i + 3 < code.Count && code[i + 2].Kind is SqlTokenKind.Word or SqlTokenKind.QuotedIdentifier
                && code[i + 3].IsSymbol('}'))
            {
                found.Add(new RangePlaceholder(code[i].Start, code[i + 3].End, code[i + 2].Text));
            }
        }

        return found;
    }

    /// <summary>How often something like it is written anywhere, in texts and comments too.</summary>
    internal static int Count(string sql) => Written().Count(sql);

    [GeneratedRegex("\\{range(\\s+(\"([^\"]|\"\")+\"|[^\\s{}\"]+)\\s*)?\\}", RegexOptions.CultureInvariant)]
    private static partial Regex Written();
}

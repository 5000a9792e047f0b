using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Sql;

/// <summary>
/// What an UPDATE writes, by its text: enough to tell whether an index has to follow, and not for anything that must be right.
/// </summary>
/// <param name="Table">The table, in the default schema where none is written.</param>
/// <param name="Columns">The names on the left of its assignments, unquoted; of a field or an element those in its brackets too.</param>
internal sealed record UpdateStatement(TableRef Table, IReadOnlyList<string> Columns)
{
    /// <summary>Null for what is no UPDATE.</summary>
    public static UpdateStatement? Read(string sql)
    {
        var code = SqlScan.Of(sql).Code.ToList();
        var set = code.FindIndex(static token => token.Depth == 0 && token.IsWord("set"));
        if (set < 0 || !code[0].IsWord("update"))
        {
            return null;
        }

        var names = code.Skip(code[1].IsWord("only") ? 2 : 1).Take(3).ToList();
        var table = names is [var schema, var dot, var name] && dot.IsSymbol('.')
            ? new TableRef(NameOf(schema) ?? "", NameOf(name) ?? "")
            : new TableRef(TableRef.DefaultSchema, NameOf(names[0]) ?? "");
        return new UpdateStatement(table, [.. Assigned(code.Skip(set + 1))]);
    }

    private static IEnumerable<string> Assigned(IEnumerable<SqlToken> behindSet)
    {
        var isLeft = true;
        foreach (var token in behindSet.TakeWhile(static token => token.Depth > 0 || !token.IsWordOf("from", "where", "returning")))
        {
            if (token.Depth == 0 && (token.IsSymbol('=') || token.IsSymbol(',')))
            {
                isLeft = token.IsSymbol(',');
            }
            else if (isLeft && NameOf(token) is { } name)
            {
                yield return name;
            }
        }
    }

    private static string? NameOf(SqlToken token) => token.Kind switch
    {
        SqlTokenKind.Word => token.Text.ToLowerInvariant(),
        SqlTokenKind.QuotedIdentifier => token.Text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal),
        _ => null,
    };
}

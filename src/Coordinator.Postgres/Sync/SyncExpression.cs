using System.Text;

namespace Coordinator.Postgres.Sync;

/// <summary>A SQL expression with a placeholder for the other side's value.</summary>
internal static class SyncExpression
{
    public const string Placeholder = "{}";

    public static bool IsIdentity(string expression) => expression.Trim() == Placeholder;

    /// <summary>
    /// The expression over <paramref name="value"/>, in parentheses. A placeholder inside a literal or a quoted name is
    /// left alone (<c>coalesce({}, '{}')</c>); the line break ends a trailing comment before it can swallow the bracket.
    /// </summary>
    public static string Over(string expression, string value)
    {
        ArgumentException.ThrowIfNullOrWhiteSpace(expression);
        var sql = new StringBuilder("(");
        char? quote = null;
        for (var i = 0; i < expression.Length; i++)
        {
            var c = expression[i];
            if (quote is null && c == '{' && i + 1 < expression.Length && expression[i + 1] == '}')
            {
                sql.Append(value);
                i++;
                continue;
            }

            quote = quote is null ? (c is '\'' or '"' ? c : null) : c == quote ? null : quote;
            sql.Append(c);
        }

        return sql.Append("\n)").ToString();
    }
}

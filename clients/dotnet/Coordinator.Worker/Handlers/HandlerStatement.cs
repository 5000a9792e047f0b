namespace Coordinator.Worker.Handlers;

/// <summary>
/// Refuses statements that would end or begin a transaction, before they are sent. One message holds one statement, so
/// its first word tells. What hides deeper (a COMMIT in a procedure or a DO block) the server refuses, because a
/// transaction block is open. Behind both, the ledger finds a transaction that is not the one that claimed the batch.
/// </summary>
internal static class HandlerStatement
{
    private static readonly string[] Refused =
        ["begin", "start", "commit", "end", "rollback", "abort", "savepoint", "release"];

    /// <exception cref="ArgumentException">The statement controls the transaction.</exception>
    public static void ThrowIfTransactionControl(string sql)
    {
        var first = WordAt(sql, 0, out var end);
        if (Refused.Contains(first, StringComparer.OrdinalIgnoreCase)
            || (first.Equals("prepare", StringComparison.OrdinalIgnoreCase)
                && WordAt(sql, end, out _).Equals("transaction", StringComparison.OrdinalIgnoreCase)))
        {
            throw new ArgumentException(
                $"TRANSACTION_CONTROL: {first.ToUpperInvariant()} controls the transaction, which is the worker's: it commits when "
                + "the handler returns and rolls back when it throws. Leave the statement out.",
                nameof(sql));
        }
    }

    /// <summary>The next word behind white space, comments and empty statements; empty when something else comes first.</summary>
    private static string WordAt(string sql, int from, out int end)
    {
        var start = from;
        while (start < sql.Length && SkippedAt(sql, start) is > 0 and var skipped)
        {
            start += skipped;
        }

        end = start;
        while (end < sql.Length && (char.IsLetterOrDigit(sql[end]) || sql[end] == '_'))
        {
            end++;
        }

        return sql[start..end];
    }

    private static int SkippedAt(string sql, int at)
    {
        var rest = sql.AsSpan(at);
        if (rest[0] is ' ' or '\t' or '\n' or '\r' or '\f' or '\v' or ';')
        {
            return 1;
        }

        if (rest.StartsWith("--"))
        {
            var line = rest.IndexOfAny('\n', '\r');
            return line < 0 ? rest.Length : line;
        }

        return rest.StartsWith("/*") ? CommentLength(rest) : 0;
    }

    /// <summary>Comments nest in PostgreSQL.</summary>
    private static int CommentLength(ReadOnlySpan<char> sql)
    {
        var depth = 0;
        for (var at = 0; at + 1 < sql.Length; at++)
        {
            var pair = sql.Slice(at, 2);
            if (pair is "/*")
            {
                depth++;
                at++;
            }
            else if (pair is "*/")
            {
                depth--;
                at++;
                if (depth == 0)
                {
                    return at + 1;
                }
            }
        }

        return sql.Length;
    }
}

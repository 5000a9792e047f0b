using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Sql;

/// <summary>
/// What the text of an operator's SQL must look like before a server sees it. These checks find mistakes early and say what to do;
/// they are not the protection: statements run inside a function, where PostgreSQL refuses transaction control.
/// </summary>
internal static class SqlRules
{
    public const int MaxLength = 100_000;

    /// <summary>One statement that can run inside a function. Null if it may pass.</summary>
    public static SqlDefect? Statement(string sql)
    {
        if (Text(sql) is { } defect)
        {
            return defect;
        }

        var code = SqlScan.Of(sql).Code.ToList();
        var end = code.FindIndex(static t => t.IsSymbol(';') && t.Depth == 0);
        if (end == 0)
        {
            return SqlDefect.Empty;
        }

        if (end > 0 && code.Skip(end).Any(static t => !t.IsSymbol(';')))
        {
            return new SqlDefect(
                "SQL_SEVERAL_STATEMENTS",
                "it holds more than one statement",
                "Write one statement per part; several operations may follow each other.");
        }

        return TransactionControl(code) ?? NotInTransaction(code);
    }

    /// <summary>
    /// One UPDATE with the placeholder of a batch's range, or one INSERT … SELECT with it: a copy locks the rows that it reads, since a
    /// row deleted meanwhile would leave its copy behind, and stands a row that a trigger has copied already.
    /// </summary>
    public static SqlDefect? BackfillStatement(string sql)
    {
        if (Statement(sql) is { } defect)
        {
            return defect;
        }

        var scan = SqlScan.Of(sql);
        var code = scan.Code.ToList();
        return !code[0].IsWord("update") && !code[0].IsWord("insert")
                ? new SqlDefect(
                    "BACKFILL_NOT_UPDATE",
                    "it begins neither with UPDATE nor with INSERT",
                    "Write the backfill as one UPDATE of the table, or as one INSERT ... SELECT from it.")
            : HasWords(code, "skip", "locked")
                ? new SqlDefect("BACKFILL_SKIPS", "SKIP LOCKED leaves rows out for ever", "Leave it out; a batch that meets a lock is tried again.")
            : code[0].IsWord("insert") && Copy(code) is { } copy ? copy
            : RangePlaceholder.Of(scan).Count != 1 || RangePlaceholder.Count(sql) != 1
                ? new SqlDefect(
                    "BACKFILL_RANGE",
                    $"it must contain {RangePlaceholder.Plain} exactly once, outside of texts and comments",
                    $"Write ... where {RangePlaceholder.Plain} and <rows that still need it>; Coordinator puts each batch's bounds there.")
            : Parameters(scan);
    }

    /// <summary>A query that returns one number.</summary>
    public static SqlDefect? CountQuery(string sql)
    {
        if (Statement(sql) is { } defect)
        {
            return defect;
        }

        var scan = SqlScan.Of(sql);
        return !scan.Code.First().IsWord("select") && !scan.Code.First().IsWord("with")
                ? new SqlDefect("VERIFY_NOT_SELECT", "it does not begin with SELECT", "Write a query that returns the number of wrong rows.")
            : RangePlaceholder.Of(scan).Count > 1 || RangePlaceholder.Count(sql) != RangePlaceholder.Of(scan).Count
                ? new SqlDefect(
                    "BACKFILL_RANGE",
                    $"it may contain {RangePlaceholder.Plain} only once, outside of texts and comments",
                    $"Use {RangePlaceholder.Plain} once, or leave it out.")
            : Parameters(scan);
    }

    /// <summary>One expression that can stand between parentheses.</summary>
    public static SqlDefect? Expression(string sql)
    {
        if (Text(sql) is { } defect)
        {
            return defect;
        }

        var scan = SqlScan.Of(sql);
        return scan.Tokens.Any(static t => t.Kind is SqlTokenKind.Comment)
                ? new SqlDefect("SQL_COMMENT", "it contains a comment", "Leave comments out of expressions.")
            : scan.Tokens.Any(static t => t.IsSymbol(';'))
                ? new SqlDefect("SQL_SEVERAL_STATEMENTS", "it contains a semicolon", "Write one SQL expression, not a statement.")
            : Parameters(scan);
    }

    /// <summary>
    /// The statement without trailing semicolons, with the bounds of a batch as $1 and $2: of type text[] for a key, else of type tid.
    /// </summary>
    public static string WithRange(string sql, IReadOnlyList<KeyColumn>? key) => WithRange(
        sql, alias => key is null ? RangeCondition.OfBlocks(alias) : RangeCondition.OfKey(key, alias));

    /// <summary>The same for the rows of one sweep, by the columns of a unique key; the sweep is still to be filled in.</summary>
    public static string WithSweptRange(string sql, IReadOnlyList<KeyColumn>? key, IReadOnlyList<KeyColumn> sweptBy) => WithRange(
        sql, alias => $"({(key is null ? RangeCondition.OfBlocks(alias) : RangeCondition.OfKey(key, alias))} and {RangeCondition.OfSweep(sweptBy, alias)})");

    public static bool HasRange(string sql) => RangePlaceholder.Of(sql).Count > 0;

    /// <summary>The statement without what stands around it: white space, comments and semicolons at its ends.</summary>
    public static string Trim(string sql)
    {
        var code = SqlScan.Of(sql).Code.ToList();
        var last = code.FindLastIndex(static t => !t.IsSymbol(';'));
        return last < 0 ? "" : sql[code[0].Start..code[last].End];
    }

    /// <summary>Whether the text names the identifier outside of texts, quoted or not. Case is folded as PostgreSQL does.</summary>
    public static bool Mentions(string sql, string identifier) => SqlScan.Of(sql).Code.Any(t => t.Kind switch
    {
        SqlTokenKind.Word => string.Equals(t.Text.ToLowerInvariant(), identifier, StringComparison.Ordinal),
        SqlTokenKind.QuotedIdentifier =>
            string.Equals(t.Text[1..^1].Replace("\"\"", "\"", StringComparison.Ordinal), identifier, StringComparison.Ordinal),
        _ => false,
    });

    private static string WithRange(string sql, Func<string?, string> condition) => Trim(RangePlaceholder.Of(sql) is [var range, ..]
        ? string.Concat(sql[..range.Start], condition(range.Alias), sql[range.End..])
        : sql);

    private static SqlDefect? Copy(List<SqlToken> code)
    {
        var outer = code.Where(static t => t.Depth == 0).ToList();
        return !HasWords(outer, "for", "key", "share") && !HasWords(outer, "for", "share")
                && !HasWords(outer, "for", "no", "key", "update") && !HasWords(outer, "for", "update")
                ? new SqlDefect(
                    "BACKFILL_COPY_UNLOCKED",
                    "it copies rows without locking them, so the copy of a row that is deleted meanwhile would stay",
                    "Write insert into ... select ... from ... where {range} for key share on conflict ...")
            : !HasWords(outer, "on", "conflict")
                ? new SqlDefect(
                    "BACKFILL_COPY_CONFLICT",
                    "it would fail on a row that has been copied already",
                    "End it with on conflict (<key>) do nothing, or do update set ...")
            : null;
    }

    private static bool HasWords(List<SqlToken> code, params ReadOnlySpan<string> words)
    {
        for (var start = 0; start + words.Length <= code.Count; start++)
        {
            var length = 0;
            while (length < words.Length && code[start + length].IsWord(words[length]))
            {
                length++;
            }

            if (length == words.Length)
            {
                return true;
            }
        }

        return false;
    }

    private static SqlDefect? Text(string sql)
    {
        if (sql.Length > MaxLength)
        {
            return new SqlDefect("SQL_TOO_LONG", $"it is longer than {MaxLength} characters", "Shorten it, or move it into a function.");
        }

        if (!SqlIdentifier.IsWellFormed(sql))
        {
            return new SqlDefect("SQL_MALFORMED", "it is not well-formed Unicode", "Correct the SQL.");
        }

        // Inside a text or a comment too: the protocol ends a statement there, and what follows would be read as its next field.
        if (sql.Contains('\0', StringComparison.Ordinal))
        {
            return new SqlDefect("SQL_MALFORMED", "it contains a NUL character", "Take it out; PostgreSQL can't store one in a text.");
        }

        var scan = SqlScan.Of(sql);
        return scan.Defect is { } why ? new SqlDefect("SQL_MALFORMED", why, "Correct the SQL.")
            : !scan.Code.Any() ? SqlDefect.Empty
            : null;
    }

    private static SqlDefect? Parameters(SqlScan scan) => scan.Code.Any(static t => t.Kind is SqlTokenKind.Parameter)
        ? new SqlDefect("SQL_PARAMETER", "it uses a parameter like $1", "Write values into the SQL; Coordinator passes only the range.")
        : null;

    private static SqlDefect? TransactionControl(List<SqlToken> code)
    {
        var first = code[0];
        var second = code.Count > 1 ? code[1] : default;
        var controls = first.Kind is SqlTokenKind.Word && first.Text.ToLowerInvariant() switch
        {
            "begin" or "commit" or "rollback" or "savepoint" or "release" or "start" or "end" or "abort" => true,
            "prepare" => second.Kind is SqlTokenKind.Word && second.IsWord("transaction"),
            "set" => second.IsWordOf("transaction", "session", "role", "local", "constraints"),
            "reset" or "discard" => true,
            _ => false,
        };
        return controls
            ? new SqlDefect(
                "SQL_TRANSACTION_CONTROL",
                $"it begins with {first.Text.ToUpperInvariant()}, which controls the transaction or the session",
                "Leave it out: Coordinator runs each part in a transaction of its own.")
            : null;
    }

    private static SqlDefect? NotInTransaction(List<SqlToken> code)
    {
        var words = code.Where(static t => t.Depth == 0).Take(3).Select(static t => t.Text.ToLowerInvariant()).ToList();
        var outside = words switch
        {
            ["vacuum" or "cluster", ..] => true,
            ["create" or "drop", "database" or "tablespace" or "subscription", ..] => true,
            ["alter", "system", ..] => true,
            ["reindex", "database" or "system", ..] => true,
            ["copy", ..] => true,
            ["refresh", ..] => false,
            ["create" or "drop" or "reindex" or "alter", ..] => code.Any(static t => t.IsWord("concurrently")),
            _ => false,
        };
        return outside
            ? new SqlDefect(
                "SQL_NOT_IN_TRANSACTION",
                $"{string.Join(' ', words.Take(2)).ToUpperInvariant()} in this form can't run inside a function",
                "Run it by hand outside of Coordinator, or use the operation that does it (indexes are built concurrently by themselves).")
            : null;
    }
}

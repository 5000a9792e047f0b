namespace Coordinator.Domain.Sql;

/// <summary>
/// SQL text cut into tokens by PostgreSQL's lexical rules: enough to see where a statement ends, whether quotes and parentheses close,
/// and which words stand outside of texts. It is no parser; the server has the last word.
/// </summary>
internal sealed class SqlScan
{
    private readonly string _sql;
    private readonly List<SqlToken> _tokens = [];
    private readonly Stack<char> _open = new();
    private int _at;

    private SqlScan(string sql) => _sql = sql;

    public IReadOnlyList<SqlToken> Tokens => _tokens;

    /// <summary>What makes the text unfit, null if nothing does.</summary>
    public string? Defect { get; private set; }

    /// <summary>The tokens without comments.</summary>
    public IEnumerable<SqlToken> Code => _tokens.Where(static t => t.Kind is not SqlTokenKind.Comment);

    public static SqlScan Of(string sql)
    {
        ArgumentNullException.ThrowIfNull(sql);
        var scan = new SqlScan(sql);
        scan.Run();
        return scan;
    }

    private void Run()
    {
        while (_at < _sql.Length && Defect is null)
        {
            Next();
        }

        if (Defect is null && _open.Count > 0)
        {
            Defect = $"a '{_open.Peek()}' is never closed";
        }
    }

    private void Next()
    {
        var c = _sql[_at];
        switch (c)
        {
            case '\0':
                Defect = "it contains a NUL character";
                break;
            case '\'':
                Literal(_at, _at, escapes: false);
                break;
            case '"':
                Until(_at, '"', SqlTokenKind.QuotedIdentifier, "a quoted identifier is never closed");
                break;
            case '-' when Peek(1) == '-':
                Add(SqlTokenKind.Comment, LineEnd(_at));
                break;
            case '/' when Peek(1) == '*':
                BlockComment();
                break;
            case '$':
                Dollar();
                break;
            case '(' or '[':
                Add(SqlTokenKind.Symbol, _at + 1);
                _open.Push(c);
                break;
            case ')' or ']':
                Close(c);
                break;
            default:
                Plain(c);
                break;
        }
    }

    private void Plain(char c)
    {
        if (char.IsWhiteSpace(c))
        {
            _at++;
        }
        else if (IsWordStart(c))
        {
            Word();
        }
        else if (char.IsAsciiDigit(c))
        {
            Add(SqlTokenKind.Number, While(_at, static d => IsWordPart(d) || d == '.'));
        }
        else
        {
            Add(SqlTokenKind.Symbol, _at + 1);
        }
    }

    private void Word()
    {
        var end = While(_at, IsWordPart);
        var word = _sql[_at..end];
        if (end < _sql.Length && _sql[end] == '\'' && word is "e" or "E" or "b" or "B" or "x" or "X" or "n" or "N")
        {
            Literal(_at, end, escapes: word is "e" or "E");
        }
        else
        {
            Add(SqlTokenKind.Word, end);
        }
    }

    private void Literal(int start, int quote, bool escapes)
    {
        for (var i = quote + 1; i < _sql.Length; i++)
        {
            if (_sql[i] == '\\' && escapes)
            {
                i++;
            }
            else if (_sql[i] == '\'')
            {
                // With standard_conforming_strings off, a backslash would swallow the quote and the text would end elsewhere.
                if (!escapes && _sql[i - 1] == '\\' && i - 1 > quote)
                {
                    Defect = "a backslash stands before a quote in a text (write the text as E'…')";
                    return;
                }

                if (i + 1 < _sql.Length && _sql[i + 1] == '\'')
                {
                    i++;
                    continue;
                }

                Add(SqlTokenKind.Text, start, i + 1);
                return;
            }
        }

        Defect = "a text is never closed";
    }

    private void Until(int start, char quote, SqlTokenKind kind, string defect)
    {
        for (var i = start + 1; i < _sql.Length; i++)
        {
            if (_sql[i] != quote)
            {
                continue;
            }

            if (i + 1 < _sql.Length && _sql[i + 1] == quote)
            {
                i++;
                continue;
            }

            Add(kind, i + 1);
            return;
        }

        Defect = defect;
    }

    private void BlockComment()
    {
        var depth = 0;
        for (var i = _at; i < _sql.Length - 1; i++)
        {
            if (_sql[i] == '/' && _sql[i + 1] == '*')
            {
                depth++;
                i++;
            }
            else if (_sql[i] == '*' && _sql[i + 1] == '/')
            {
                depth--;
                i++;
                if (depth == 0)
                {
                    Add(SqlTokenKind.Comment, i + 1);
                    return;
                }
            }
        }

        Defect = "a comment is never closed";
    }

    private void Dollar()
    {
        var digits = While(_at + 1, char.IsAsciiDigit);
        if (digits > _at + 1)
        {
            Add(SqlTokenKind.Parameter, digits);
            return;
        }

        var tagEnd = _at + 1 < _sql.Length && IsWordStart(_sql[_at + 1])
            ? While(_at + 1, static c => IsWordPart(c) && c != '$')
            : _at + 1;
        if (tagEnd >= _sql.Length || _sql[tagEnd] != '$')
        {
            Add(SqlTokenKind.Symbol, _at + 1);
            return;
        }

        var tag = _sql[_at..(tagEnd + 1)];
        var close = _sql.IndexOf(tag, tagEnd + 1, StringComparison.Ordinal);
        if (close < 0)
        {
            Defect = $"a text in {tag} is never closed";
            return;
        }

        Add(SqlTokenKind.Text, close + tag.Length);
    }

    private void Close(char c)
    {
        if (!_open.TryPop(out var open) || (open == '(') != (c == ')'))
        {
            Defect = $"a '{c}' closes nothing";
            return;
        }

        Add(SqlTokenKind.Symbol, _at + 1);
    }

    private void Add(SqlTokenKind kind, int end) => Add(kind, _at, end);

    private void Add(SqlTokenKind kind, int start, int end)
    {
        _tokens.Add(new SqlToken(kind, _sql[start..end], start, _open.Count));
        _at = end;
    }

    private int While(int from, Func<char, bool> holds)
    {
        var i = from;
        while (i < _sql.Length && holds(_sql[i]))
        {
            i++;
        }

        return i;
    }

    private int LineEnd(int from)
    {
        var end = _sql.AsSpan(from).IndexOfAny('\n', '\r');
        return end < 0 ? _sql.Length : from + end;
    }

    private char Peek(int ahead) => _at + ahead < _sql.Length ? _sql[_at + ahead] : '\0';

    private static bool IsWordStart(char c) => char.IsAsciiLetter(c) || c == '_' || c >= '\u0080';

    private static bool IsWordPart(char c) => IsWordStart(c) || char.IsAsciiDigit(c) || c == '$';
}

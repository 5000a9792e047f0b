namespace Coordinator.Domain.Sql;

/// <summary>A piece of SQL text. <paramref name="Depth"/> counts the open parentheses and brackets around it.</summary>
internal readonly record struct SqlToken(SqlTokenKind Kind, string Text, int Start, int Depth)
{
    public int End => Start + Text.Length;

    public bool IsWord(string word) => Kind is SqlTokenKind.Word && string.Equals(Text, word, StringComparison.OrdinalIgnoreCase);

    public bool IsWordOf(params ReadOnlySpan<string> words)
    {
        foreach (var word in words)
        {
            if (IsWord(word))
            {
                return true;
            }
        }

        return false;
    }

    public bool IsSymbol(char symbol) => Kind is SqlTokenKind.Symbol && Text[0] == symbol;
}

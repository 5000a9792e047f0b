using System.Text;

namespace Coordinator.Postgres.Catalog;

/// <summary>
/// Identifiers on their way into SQL text: always quoted, so a keyword, a quote or a semicolon is only a character of
/// a name. A name over 63 bytes is refused: PostgreSQL would cut it silently and another object could be meant.
/// </summary>
public static class Identifier
{
    private const int MaxBytes = 63;

    /// <summary>The quoted form.</summary>
    /// <exception cref="ArgumentException">The name is empty, too long, or holds a character that no name can hold.</exception>
    public static string Quote(string name)
    {
        ArgumentException.ThrowIfNullOrEmpty(name);
        if (name.Contains('\0', StringComparison.Ordinal) || Encoding.UTF8.GetByteCount(name) > MaxBytes)
        {
            throw new ArgumentException($"A name has at most {MaxBytes} bytes and no NUL character.", nameof(name));
        }

        return $"\"{name.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }
}

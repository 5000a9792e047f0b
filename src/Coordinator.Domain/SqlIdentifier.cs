using System.Text;

namespace Coordinator.Domain;

/// <summary>
/// Identifiers on their way into SQL text. Always quoted, so keywords, case, semicolons and quotes are only characters of a name.
/// A name over 63 bytes is refused rather than quoted: PostgreSQL would cut it with no more than a notice, and another object could be hit.
/// </summary>
public static class SqlIdentifier
{
    public const int MaxBytes = 63;

    public static string Quote(string identifier)
    {
        if (!IsAcceptable(identifier, out var why))
        {
            throw new ArgumentException($"The identifier {why}.", nameof(identifier));
        }

        return $"\"{identifier.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
    }

    public static string QuoteQualified(string schema, string name) => $"{Quote(schema)}.{Quote(name)}";

    public static bool IsAcceptable(string? identifier, out string why)
    {
        why = identifier switch
        {
            null or "" => "is empty",
            _ when identifier.Contains('\0', StringComparison.Ordinal) => "contains a NUL character",
            _ when !IsWellFormed(identifier) => "is not well-formed Unicode",
            _ when Encoding.UTF8.GetByteCount(identifier) > MaxBytes
                => $"is {Encoding.UTF8.GetByteCount(identifier)} bytes long; PostgreSQL keeps only {MaxBytes}",
            _ => "",
        };
        return why.Length == 0;
    }

    // A lone surrogate has no UTF-8 form: it would reach the server as a replacement character, that is, as another name.
    internal static bool IsWellFormed(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(text[i]))
            {
                return false;
            }
        }

        return true;
    }
}

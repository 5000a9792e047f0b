namespace Coordinator.Domain;

/// <summary>
/// String constants for the few places where PostgreSQL takes no parameter (COMMENT, for one). A text with a backslash is written
/// as an E'' constant, so its meaning does not hang on <c>standard_conforming_strings</c>.
/// </summary>
public static class SqlLiteral
{
    public static string Quote(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Contains('\0', StringComparison.Ordinal))
        {
            throw new ArgumentException("A text for PostgreSQL may not contain a NUL character.", nameof(text));
        }

        var doubled = text.Replace("'", "''", StringComparison.Ordinal);
        return doubled.Contains('\\', StringComparison.Ordinal)
            ? $"E'{doubled.Replace(@"\", @"\\", StringComparison.Ordinal)}'"
            : $"'{doubled}'";
    }
}

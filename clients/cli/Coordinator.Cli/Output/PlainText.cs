using System.Text;

namespace Coordinator.Cli.Output;

/// <summary>
/// Text from the network on its way to a terminal. Names, versions and error texts come from other programs: a control character in
/// one of them must not move the cursor or change what was printed before.
/// </summary>
internal static class PlainText
{
    /// <summary>One line: line breaks become spaces.</summary>
    public static string Line(string text) => Clean(text, keepBreaks: false).Trim();

    /// <summary>Several lines, for SQL and long messages.</summary>
    public static string Block(string text) => Clean(text, keepBreaks: true).TrimEnd();

    private static string Clean(string text, bool keepBreaks)
    {
        if (!text.Any(char.IsControl))
        {
            return text;
        }

        var clean = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            clean.Append(character switch
            {
                '\r' => "",
                '\n' when keepBreaks => "\n",
                '\n' or '\t' => " ",
                _ when char.IsControl(character) => "\ufffd",
                _ => character.ToString(),
            });
        }

        return clean.ToString();
    }
}

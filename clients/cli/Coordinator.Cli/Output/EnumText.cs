using System.Text;

namespace Coordinator.Cli.Output;

/// <summary>An enum value of the protocol for people: <c>RollingBack</c> is <c>rolling back</c>.</summary>
internal static class EnumText
{
    public static string Of<T>(T value)
        where T : struct, Enum
    {
        var text = new StringBuilder();
        foreach (var character in value.ToString())
        {
            if (char.IsUpper(character) && text.Length > 0)
            {
                text.Append(' ');
            }

            text.Append(char.ToLowerInvariant(character));
        }

        return text.ToString();
    }
}

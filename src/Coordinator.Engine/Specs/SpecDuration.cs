using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.Engine.Specs;

/// <summary>Durations as specs write them: <c>7d</c>, <c>24h</c>, <c>90m</c>, <c>90s</c>, <c>500ms</c>, in that order combined (<c>1d12h</c>), or <c>0</c>.</summary>
internal static partial class SpecDuration
{
    private static readonly (string Group, long Milliseconds)[] Units =
        [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)];

    public static TimeSpan? Parse(string text)
    {
        if (text == "0")
        {
            return TimeSpan.Zero;
        }

        var match = Form().Match(text);
        if (!match.Success || text.Length == 0)
        {
            return null;
        }

        // Six digits a unit: no sum of them overflows.
        var milliseconds = Units
            .Where(u => match.Groups[u.Group].Success)
            .Sum(u => long.Parse(match.Groups[u.Group].ValueSpan, CultureInfo.InvariantCulture) * u.Milliseconds);
        return TimeSpan.FromMilliseconds(milliseconds);
    }

    [GeneratedRegex(
        @"\A(?:(?<d>[0-9]{1,6})d)?(?:(?<h>[0-9]{1,6})h)?(?:(?<m>[0-9]{1,6})m(?!s))?(?:(?<s>[0-9]{1,6})s)?(?:(?<ms>[0-9]{1,6})ms)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}

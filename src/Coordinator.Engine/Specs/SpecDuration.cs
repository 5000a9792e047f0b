using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.Engine.Specs;

/// <summary>Durations as specs write them: <c>7d</c>, <c>24h</c>, <c>90m</c>, <c>90s</c>, in that order combined (<c>1d12h</c>), or <c>0</c>.</summary>
internal static partial class SpecDuration
{
    private static readonly (string Group, long Seconds)[] Units = [("d", 86_400), ("h", 3_600), ("m", 60), ("s", 1)];

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
        var seconds = Units
            .Where(u => match.Groups[u.Group].Success)
            .Sum(u => long.Parse(match.Groups[u.Group].ValueSpan, CultureInfo.InvariantCulture) * u.Seconds);
        return TimeSpan.FromSeconds(seconds);
    }

    [GeneratedRegex(
        @"\A(?:(?<d>[0-9]{1,6})d)?(?:(?<h>[0-9]{1,6})h)?(?:(?<m>[0-9]{1,6})m)?(?:(?<s>[0-9]{1,6})s)?\z",
        RegexOptions.CultureInvariant)]
    private static partial Regex Form();
}

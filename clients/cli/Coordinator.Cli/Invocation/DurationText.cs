using System.CommandLine.Parsing;
using System.Globalization;
using System.Text.RegularExpressions;

namespace Coordinator.Cli.Invocation;

/// <summary>Durations as people write them: <c>500ms</c>, <c>90s</c>, <c>10m</c>, <c>1h30m</c>, <c>2d</c>. A bare number is refused.</summary>
internal static partial class DurationText
{
    private const int MostDigits = 9;

    public static bool TryParse(string text, out TimeSpan duration)
    {
        duration = TimeSpan.Zero;
        if (!Whole().IsMatch(text))
        {
            return false;
        }

        foreach (Match part in Part().Matches(text))
        {
            if (part.Groups[1].Length > MostDigits)
            {
                return false;
            }

            var number = int.Parse(part.Groups[1].ValueSpan, NumberStyles.None, CultureInfo.InvariantCulture);
            duration += part.Groups[2].Value switch
            {
                "ms" => TimeSpan.FromMilliseconds(number),
                "s" => TimeSpan.FromSeconds(number),
                "m" => TimeSpan.FromMinutes(number),
                "h" => TimeSpan.FromHours(number),
                _ => TimeSpan.FromDays(Math.Min(number, 36500)),
            };
        }

        // A timer takes no more than about 49 days.
        return duration > TimeSpan.Zero && duration <= TimeSpan.FromDays(49);
    }

    /// <summary>For an option's <c>CustomParser</c>.</summary>
    public static TimeSpan? Parse(ArgumentResult result)
    {
        var text = result.Tokens.Count == 1 ? result.Tokens[0].Value : "";
        if (TryParse(text, out var duration))
        {
            return duration;
        }

        result.AddError($"'{text}' is not a duration: write 90s, 10m or 1h30m, at most 49d.");
        return null;
    }

    /// <summary>For people, the two largest units.</summary>
    public static string Format(TimeSpan span) => span switch
    {
        _ when span < TimeSpan.FromSeconds(1) => Text($"{Math.Max(0, (int)span.TotalMilliseconds)} ms"),
        { TotalMinutes: < 1 } => Text($"{(int)span.TotalSeconds} s"),
        { TotalHours: < 1 } => Text($"{(int)span.TotalMinutes} min {span.Seconds} s"),
        { TotalDays: < 1 } => Text($"{(int)span.TotalHours} h {span.Minutes} min"),
        _ => Text($"{(int)span.TotalDays} d {span.Hours} h"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^(\d+(ms|[smhd]))+\z")]
    private static partial Regex Whole();

    [GeneratedRegex(@"(\d+)(ms|[smhd])")]
    private static partial Regex Part();
}

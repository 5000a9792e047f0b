using System.Globalization;

namespace Coordinator.Domain.Gates;

/// <summary>Ages for people: the two largest units are enough.</summary>
internal static class HumanDuration
{
    public static string Format(TimeSpan span) => span switch
    {
        _ when span < TimeSpan.Zero => "0 s",
        { TotalMinutes: < 1 } => Text($"{(int)span.TotalSeconds} s"),
        { TotalHours: < 1 } => Text($"{(int)span.TotalMinutes} min"),
        { TotalDays: < 1 } => Text($"{(int)span.TotalHours} h {span.Minutes} min"),
        _ => Text($"{(int)span.TotalDays} d {span.Hours} h"),
    };

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

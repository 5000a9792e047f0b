using System.Globalization;

namespace Coordinator.Domain.Backfills;

/// <summary>
/// Times of day in which nothing is granted, as <c>22:00-06:00</c>, several with commas. One that ends before it begins goes over
/// midnight. The times are UTC.
/// </summary>
public sealed class QuietHours
{
    private readonly IReadOnlyList<(TimeOnly From, TimeOnly To)> _windows;

    private QuietHours(IReadOnlyList<(TimeOnly From, TimeOnly To)> windows) => _windows = windows;

    /// <summary>None.</summary>
    public static QuietHours None { get; } = new([]);

    /// <summary>Reads the text; an empty one is none.</summary>
    /// <returns>Null when it can't be read, or when no hour would be left.</returns>
    public static QuietHours? Parse(string? text)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return None;
        }

        var windows = new List<(TimeOnly, TimeOnly)>();
        foreach (var part in text.Split(','))
        {
            if (part.Trim().Split('-') is not [var from, var to] || Time(from) is not { } begins || Time(to) is not { } ends || begins == ends)
            {
                return null;
            }

            windows.Add((begins, ends));
        }

        var hours = new QuietHours(windows);
        return hours.LeavesTime() ? hours : null;
    }

    /// <summary>When the quiet time ends that it is now; null when it is none.</summary>
    public DateTimeOffset? EndsAt(DateTimeOffset now)
    {
        var end = now;
        // Windows may touch or overlap: the end of one may lie in another. A day of them all would never end, and is not looked for.
        for (var step = 0; step <= _windows.Count; step++)
        {
            var at = end;
            var next = _windows.Where(window => IsIn(window, at)).Select(window => EndOf(window, at)).DefaultIfEmpty(at).Max();
            if (next == end)
            {
                break;
            }

            end = next;
        }

        return end == now ? null : end;
    }

    /// <summary>The text that it is read from.</summary>
    public override string ToString() => string.Join(
        ",", _windows.Select(static window => $"{Text(window.From)}-{Text(window.To)}"));

    private static string Text(TimeOnly time) => time.ToString("HH:mm", CultureInfo.InvariantCulture);

    private bool LeavesTime() =>
        Enumerable.Range(0, 24 * 60).Any(minute =>
        {
            var time = DateTimeOffset.UnixEpoch.AddMinutes(minute);
            return !_windows.Any(window => IsIn(window, time));
        });

    private static TimeOnly? Time(string text) =>
        TimeOnly.TryParseExact(text.Trim(), "HH:mm", CultureInfo.InvariantCulture, DateTimeStyles.None, out var time) ? time : null;

    private static bool IsIn((TimeOnly From, TimeOnly To) window, DateTimeOffset at) =>
        TimeOnly.FromDateTime(at.UtcDateTime).IsBetween(window.From, window.To);

    private static DateTimeOffset EndOf((TimeOnly From, TimeOnly To) window, DateTimeOffset at)
    {
        var left = window.To - TimeOnly.FromDateTime(at.UtcDateTime);
        return at + (left > TimeSpan.Zero ? left : left + TimeSpan.FromDays(1));
    }
}

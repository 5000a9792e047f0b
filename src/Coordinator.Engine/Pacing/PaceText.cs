using System.Globalization;
using Coordinator.Domain.Backfills;

namespace Coordinator.Engine.Pacing;

/// <summary>A decision about the pace in words.</summary>
internal static class PaceText
{
    public static string Of(ThrottleDecision decision)
    {
        var now = decision.State.Parallelism;
        var what = decision.Move switch
        {
            ThrottleMove.Stop => "nothing is granted",
            ThrottleMove.Halve => $"slowed to {Batches(now)} at once",
            ThrottleMove.Drop => $"slowed to {Batches(now)} at once",
            ThrottleMove.Hold when decision.Because is not null => now == 0 ? "nothing is granted yet" : $"no more than {Batches(now)} at once",
            ThrottleMove.Hold when decision.State.UntilNext > TimeSpan.Zero => now == 0
                ? $"nothing is granted for {Seconds(decision.State.UntilNext)}"
                : $"{Batches(now)} at once, one more is tried in {Seconds(decision.State.UntilNext)}",
            ThrottleMove.Grow => $"up to {Batches(now)} at once",
            _ => $"{Batches(now)} at once",
        };
        return decision.Because is { } signal ? $"{what}: {Why(signal)}" : what;
    }

    public static string Quiet(DateTimeOffset until) => $"nothing is granted: {QuietHours(until)}";

    /// <summary>Until when quiet hours last.</summary>
    public static string QuietHours(DateTimeOffset until) => string.Create(
        CultureInfo.InvariantCulture, $"quiet hours until {until.UtcDateTime:HH:mm} UTC");

    /// <summary>The signal that decided, with its reading; empty when none did.</summary>
    public static string Why(ThrottleDecision decision) => decision.Because is { } signal ? Why(signal) : "";

    /// <summary>A reading with its unit.</summary>
    public static string Number(double value, string unit) => unit switch
    {
        "B" or "B/s" => string.Create(CultureInfo.InvariantCulture, $"{value / (1 << 20):0.#} Mi{unit}"),
        "" => string.Create(CultureInfo.InvariantCulture, $"{value:0.##}"),
        _ => string.Create(CultureInfo.InvariantCulture, $"{value:0.#} {unit}"),
    };

    private static string Why(LoadSignal signal) =>
        signal.Problem is { } problem ? $"{signal.Meaning} ({signal.Name}: {problem})"
        : signal is { Reading: { } reading, Threshold: { } threshold }
            ? $"{signal.Meaning} ({signal.Name} {Number(reading, signal.Unit)}, threshold {Number(threshold, signal.Unit)})"
            : $"{signal.Meaning} ({signal.Name})";

    private static string Seconds(TimeSpan time) => Number(Math.Ceiling(time.TotalSeconds), "s");

    private static string Batches(int count) => count == 1 ? "1 batch" : string.Create(CultureInfo.InvariantCulture, $"{count} batches");
}

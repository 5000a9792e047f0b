using System.Globalization;
using Coordinator.Domain.Migrations;

namespace Coordinator.Domain.Gates;

/// <summary>
/// What the target itself has counted of the old structure's use, for programs that neither register nor stay connected. It blocks
/// until it was silent for as long as the specification asks.
/// </summary>
public static class OldPath
{
    public const string NotQuiet = "OLD_PATH_NOT_QUIET";

    public const string StatementsNotQuiet = "OLD_STATEMENTS_NOT_QUIET";

    public const string StatementsNotSeen = "OLD_STATEMENTS_NOT_SEEN";

    /// <summary>Writes through an old column, as its trigger counts them; null once it was silent for long enough.</summary>
    /// <param name="subject">The column, and where it is.</param>
    /// <param name="writes">How many came in since the last old instance left.</param>
    /// <param name="silent">How long it has been silent at least.</param>
    /// <param name="quiet">How long it has to be.</param>
    public static Blocker? Writes(string subject, long writes, TimeSpan silent, TimeSpan quiet) => silent >= quiet
        ? null
        : new Blocker(
            NotQuiet,
            subject,
            Text($"{Count(writes, "write")} came in through it since the last old instance left; silent for {Short(silent)} of {Short(quiet)}"),
            writes == 0
                ? "wait"
                : "find who still writes it (an INSERT that names neither column counts too) and stop it; then wait");

    /// <summary>Statements that name an old column; null once none of them ran for long enough.</summary>
    public static Blocker? Statements(string subject, long calls, string? last, TimeSpan silent, TimeSpan quiet) => silent >= quiet
        ? null
        : new Blocker(
            StatementsNotQuiet,
            subject,
            Text($"{Count(calls, "statement")} that may use it ran since the last old instance left; silent for {Short(silent)} of {Short(quiet)}")
                + (last is null ? "" : $"; the last: {last}"),
            last is null ? "wait" : "stop the program that sends it; then wait");

    /// <summary>The statements can't be seen, which is not the same as that there are none.</summary>
    public static Blocker CannotSee(string subject, string why) => new(
        StatementsNotSeen,
        subject,
        $"the statements that ran can't be seen: {why}",
        "make them visible, or plan the migration again without statements_quiet");

    private static string Count(long number, string what) =>
        Text($"{number} {what}{(number == 1 ? "" : "s")}");

    private static string Short(TimeSpan span) => HumanDuration.Format(span);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}

using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Watching;

/// <summary>
/// One line per change that a reader of a log cares about. Where only numbers have moved on, a line now and then is enough: a backfill
/// of hours must not bury everything else.
/// </summary>
internal sealed class LineView(TextWriter writer, Palette palette, TimeProvider time) : IMigrationView
{
    private static readonly TimeSpan BetweenNumbers = TimeSpan.FromSeconds(10);

    private readonly HashSet<string> _blockers = new(StringComparer.Ordinal);
    private string _last = "";
    private long _lastAt;

    public Task RunAsync(Func<Action<Migration>, Task> loop) => loop(Show);

    public void Show(Migration migration)
    {
        var line = Describe(migration);
        if (WithoutNumbers(line) != WithoutNumbers(_last)
            || (line != _last && time.GetElapsedTime(_lastAt) >= BetweenNumbers))
        {
            (_last, _lastAt) = (line, time.GetTimestamp());
            Write(line);
        }

        ShowBlockers(migration);
    }

    private static string WithoutNumbers(string line) =>
        string.Concat(line.Where(static c => !char.IsAsciiDigit(c) && c is not (',' or '.')));

    private static string Describe(Migration migration)
    {
        var parts = new List<string> { EnumText.Of(migration.State) };
        // The steps are those of the way forward; on the way back the message says what is being done.
        if (migration.State is Migration.Types.State.Running or Migration.Types.State.Paused
            && MigrationProgress.CurrentStep(migration) is { } step)
        {
            parts.Add($"{EnumText.Of(step.Phase)}/{step.Id} {EnumText.Of(step.State)}");
        }

        parts.AddRange(migration.Backfills.Where(static b => !b.Finished).Select(static b =>
            $"{ResourceName.Last(b.Name)} {NumberText.Percent(b.DoneBlockCount, b.BlockCount)}, {NumberText.Of(b.RowCount)} rows"));
        // In the step itself the message says the same.
        if (migration.GateStage is not (Migration.Types.GateStage.Unspecified or Migration.Types.GateStage.Closed))
        {
            parts.AddRange(migration.Verifications.Select(VerificationText.Running).OfType<string>());
        }

        // With blockers the message repeats them, and ages with every look; they have lines of their own.
        if (migration.StatusMessage.Length > 0 && migration.Blockers.Count == 0)
        {
            parts.Add(migration.StatusMessage);
        }

        return PlainText.Line(string.Join(" | ", parts));
    }

    /// <summary>A blocker is named when it appears and when it is gone; its text, which ages, is not repeated.</summary>
    private void ShowBlockers(Migration migration)
    {
        var now = migration.Blockers.ToLookup(static b => $"{b.Code} {b.Subject}");
        foreach (var blocker in now.Where(group => _blockers.Add(group.Key)).Select(static group => group.First()))
        {
            Write($"  {palette.Yellow("waits for")} {BlockerText.Line(blocker)} (to clear it: {PlainText.Line(blocker.ClearedBy)})");
        }

        foreach (var gone in _blockers.Where(key => !now.Contains(key)).ToList())
        {
            _blockers.Remove(gone);
            Write($"  {palette.Green("cleared")} {PlainText.Line(gone)}");
        }
    }

    private void Write(string line)
    {
        writer.WriteLine($"{TimeText.TimeOfDay(time.GetUtcNow())} {line}");
        writer.Flush();
    }
}

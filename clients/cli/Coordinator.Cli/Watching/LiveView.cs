using System.Globalization;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;
using Spectre.Console;
using Spectre.Console.Rendering;
using MigrationState = Coordinator.V1.Migration.Types.State;
using StepState = Coordinator.V1.Step.Types.State;

namespace Coordinator.Cli.Watching;

/// <summary>The migration on a terminal, redrawn in place: what it does, how fast, how long still, and what it waits for.</summary>
internal sealed class LiveView(IAnsiConsole console, TimeProvider time) : IMigrationView
{
    private const int BarWidth = 24;
    private const int MostBlockers = 12;

    private readonly Dictionary<string, BackfillRate> _rates = new(StringComparer.Ordinal);

    public static LiveView On(CommandEnvironment environment) => new(
        AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(environment.Output),
            Ansi = AnsiSupport.Yes,
            Interactive = InteractionSupport.Yes,
            ColorSystem = environment.OutputPalette.Enabled ? ColorSystemSupport.Standard : ColorSystemSupport.NoColors,
        }),
        environment.Time);

    public Task RunAsync(Func<Action<Migration>, Task> loop) =>
        console.Live(new Text("connecting ...")).StartAsync(screen => loop(migration =>
        {
            screen.UpdateTarget(Draw(migration));
            screen.Refresh();
        }));

    /// <summary>Texts are never markup: they come from the network, and a bracket in one is a bracket.</summary>
    public IRenderable Draw(Migration migration)
    {
        var rows = new List<IRenderable>
        {
            new Columns(
                Styled(ResourceName.Last(migration.Name), new Style(decoration: Decoration.Bold)),
                Styled(EnumText.Of(migration.State), StateStyle(migration)),
                Styled($"target {migration.Target}"))
            { Expand = false },
            Styled($"  {migration.StatusMessage}"),
            Steps(migration),
        };
        rows.AddRange(migration.Backfills.SelectMany(Bar));
        rows.AddRange(migration.Verifications.Select(VerificationText.Running).OfType<string>().Select(static text => Styled($"  {text}")));
        rows.AddRange(Blockers(migration));
        if (MigrationProgress.NeedsPerson(migration) is { } need)
        {
            rows.Add(Styled($"It needs a person: {need}", new Style(Color.Red)));
        }

        return new Rows(rows);
    }

    private static Text Styled(string text, Style? style = null) => new(Indent(text) + PlainText.Line(text), style);

    private static string Indent(string text) => text[..^text.TrimStart(' ').Length];

    private static Style StateStyle(Migration migration) => migration.State switch
    {
        _ when MigrationProgress.FailedStep(migration) is not null => new Style(Color.Red),
        MigrationState.Completed => new Style(Color.Green),
        MigrationState.Paused or MigrationState.RollingBack => new Style(Color.Yellow),
        _ => new Style(Color.Blue),
    };

    private static Grid Steps(Migration migration)
    {
        var grid = new Grid();
        grid.AddColumn(new GridColumn().NoWrap().Padding(2, 0, 1, 0)).AddColumn(new GridColumn().NoWrap()).AddColumn(new GridColumn());
        foreach (var step in migration.Steps)
        {
            var (mark, style) = step.State switch
            {
                StepState.Completed => ("done", new Style(Color.Green)),
                StepState.Started => ("now", new Style(Color.Blue, decoration: Decoration.Bold)),
                StepState.Failed => ("FAILED", new Style(Color.Red)),
                _ => ("", new Style(decoration: Decoration.Dim)),
            };
            grid.AddRow(Styled(mark, style), Styled($"{EnumText.Of(step.Phase)}/{step.Id}", style), Styled(step.Description, style));
        }

        return grid;
    }

    /// <summary>Two lines that fit a terminal of 80 columns: the bar with its pace, and what is being filled.</summary>
    private IEnumerable<IRenderable> Bar(Backfill backfill)
    {
        if (!_rates.TryGetValue(backfill.Name, out var rate))
        {
            _rates[backfill.Name] = rate = new BackfillRate(time);
        }

        rate.Observe(backfill);
        var filled = backfill.Finished ? BarWidth
            : backfill.BlockCount <= 0 ? 0
            : (int)Math.Clamp(BarWidth * backfill.DoneBlockCount / backfill.BlockCount, 0, BarWidth);
        var parts = new List<string>
        {
            $"  {new string('█', filled)}{new string('░', BarWidth - filled)} {MigrationText.Progress(backfill)}",
        };
        // What the coordinator measured; from an older one that measures nothing, what this view has seen.
        if (!backfill.Finished && (backfill.HasRowsPerSecond ? backfill.RowsPerSecond : rate.RowsPerSecond) is { } perSecond)
        {
            parts.Add($"{NumberText.Of((long)perSecond)} rows/s");
        }

        if (backfill.Estimate is Backfill.Types.Estimate.Throttled or Backfill.Types.Estimate.Paused)
        {
            parts.Add(BackfillText.Left(backfill));
        }
        else if ((backfill.RemainingDuration?.ToTimeSpan() ?? rate.Left(backfill)) is { } left)
        {
            parts.Add($"about {DurationText.Format(left)} left");
        }

        yield return Styled(string.Join("  ", parts), backfill.Finished ? new Style(Color.Green) : Style.Plain);
        yield return Styled(
            $"  {backfill.Table}: {NumberText.Of(backfill.RowCount)} rows written, {NumberText.Of(backfill.RunningBatchCount)} batches running",
            new Style(decoration: Decoration.Dim));
        foreach (var pace in backfill.Paces.Where(pace => pace.Signal.Length > 0 && !backfill.Finished))
        {
            yield return Styled($"  {BackfillText.Pace(backfill, pace)}", new Style(Color.Yellow));
        }
    }

    private static IEnumerable<IRenderable> Blockers(Migration migration)
    {
        foreach (var blocker in migration.Blockers.Take(MostBlockers))
        {
            yield return Styled($"  waits for {BlockerText.Line(blocker)}", new Style(Color.Yellow));
            yield return Styled($"    to clear it: {blocker.ClearedBy}");
        }

        if (migration.Blockers.Count > MostBlockers)
        {
            yield return Styled(string.Create(CultureInfo.InvariantCulture, $"  and {migration.Blockers.Count - MostBlockers} more"));
        }
    }
}

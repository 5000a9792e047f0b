using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.Cli.Streaming;
using Coordinator.V1;

namespace Coordinator.Cli.Watching;

/// <summary>Follows a migration to its end, or to where only a person can move it on. Changes nothing, however it is ended.</summary>
internal sealed class MigrationWatch(CommandContext context)
{
    public bool KeepsWatching { get; init; }

    public TimeSpan? Timeout { get; init; }

    /// <summary>The view that suits the output: stdout of <c>watch</c>.</summary>
    public static IMigrationView ViewOf(CommandContext context) => context.Format switch
    {
        OutputFormat.JsonLines => new JsonLinesView(context.Environment.Output),
        OutputFormat.Json => new FinalView(context.Environment.Output),
        _ when context.Environment.OutputIsTerminal && context.Environment.Variable("TERM") != "dumb" =>
            LiveView.On(context.Environment),
        _ => new LineView(context.Environment.Output, context.Environment.OutputPalette, context.Environment.Time),
    };

    /// <summary>Progress of a command whose data is something else: lines on stderr.</summary>
    public static IMigrationView NotesOf(CommandContext context) =>
        new LineView(context.Notes, context.Environment.ErrorPalette, context.Environment.Time);

    /// <summary>The exit code, and the last state that was seen.</summary>
    public async Task<WatchResult> RunAsync(string name, IMigrationView view, CancellationToken cancellationToken)
    {
        using var limit = new TimeLimit(Timeout, context.Environment.Time, cancellationToken);
        var request = new WatchMigrationRequest { Name = ResourceName.Migration(name) };
        var stream = new ResilientStream<WatchMigrationResponse>(
            token => context.Client.Migrations.WatchMigration(request, cancellationToken: token), context.Environment);
        Migration? last = null;
        Migration.Types.State? goal = null;
        try
        {
            await view.RunAsync(async show =>
            {
                await foreach (var response in stream.ReadAsync(limit.Token))
                {
                    last = response.Migration;
                    goal ??= MigrationProgress.GoalOf(last);
                    show(last);
                    if (IsOver(last))
                    {
                        return;
                    }
                }
            });
        }
        catch (OperationCanceledException) when (limit.Reached)
        {
            context.Note($"not done within {DurationText.Format(Timeout!.Value)}; the migration goes on");
            return new WatchResult(ExitCode.TimedOut, last);
        }

        return new WatchResult(Conclude(last!, goal!.Value), last);
    }

    private bool IsOver(Migration migration) =>
        MigrationProgress.HasEnded(migration) || (!KeepsWatching && MigrationProgress.NeedsPerson(migration) is not null);

    private int Conclude(Migration last, Migration.Types.State goal)
    {
        var name = ResourceName.Last(last.Name);
        if (last.State == goal)
        {
            context.Note($"{name} is {EnumText.Of(last.State)}");
            return ExitCode.Done;
        }

        context.Note(MigrationProgress.NeedsPerson(last) is { } need
            ? $"{name} needs a person: {PlainText.Line(need)}"
            : $"{name} is {EnumText.Of(last.State)}, not {EnumText.Of(goal)}");
        return ExitCode.Blocked;
    }
}

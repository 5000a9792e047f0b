using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Watching;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator watch NAME</c></summary>
internal static class WatchCommand
{
    private const string Epilogue = """
        On a terminal it redraws in place; elsewhere it writes one line per change, or one JSON object with -o jsonl.
        A restart of Coordinator does not end it.

        Examples:
          coordinator watch rename-balance
          coordinator watch rename-balance -o jsonl | jq -c '.migration.state'
          coordinator watch rename-balance --keep-watching     also through pauses, failed steps and approvals

        It ends with 0 when the migration completed (or, if it was rolling back, is rolled back), 4 when it failed, ended
        otherwise or only a person can move it on, 124 at the time limit. Ending the watch changes nothing.
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var keep = new Option<bool>("--keep-watching")
        {
            Description = "Don't end where only a person can move it on; end when the migration has ended.",
        };
        var timeout = new Option<TimeSpan?>("--timeout")
        {
            Description = "How long to watch at most, as 90s, 10m or 2h. Without it there is no limit.",
            HelpName = "DURATION",
            CustomParser = DurationText.Parse,
        };
        var command = new Command("watch", "Follow a migration live until it has ended or needs a person.") { name, keep, timeout };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var watch = new MigrationWatch(context) { KeepsWatching = context.Get(keep), Timeout = context.Get(timeout) };
            var result = await watch.RunAsync(context.Get(name), MigrationWatch.ViewOf(context), cancellationToken);
            return result.ExitCode;
        });
    }
}

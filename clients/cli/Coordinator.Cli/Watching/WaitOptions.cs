using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;
using Google.Protobuf;

namespace Coordinator.Cli.Watching;

/// <summary><c>--wait</c> and <c>--timeout</c> of the commands that set something going.</summary>
internal sealed class WaitOptions
{
    public WaitOptions(string description)
    {
        Wait = new Option<bool>("--wait") { Description = description };
        Timeout = new Option<TimeSpan?>("--timeout")
        {
            Description = "How long to wait at most, as 90s, 10m or 2h. Without it there is no limit.",
            HelpName = "DURATION",
            CustomParser = DurationText.Parse,
        };
    }

    public Option<bool> Wait { get; }

    public Option<TimeSpan?> Timeout { get; }

    /// <summary>Answers at once, or with the state at the end of the wait.</summary>
    public async Task<int> AnswerAsync(
        CommandContext context, IMessage response, Migration migration, CancellationToken cancellationToken)
    {
        if (!context.Get(Wait))
        {
            return MigrationAnswer.Write(context, response, migration);
        }

        var watch = new MigrationWatch(context) { Timeout = context.Get(Timeout) };
        var result = await watch.RunAsync(migration.Name, MigrationWatch.NotesOf(context), cancellationToken);
        var last = result.Last ?? migration;
        MigrationAnswer.Write(context, new GetMigrationResponse { Migration = last }, last);
        return result.ExitCode;
    }
}

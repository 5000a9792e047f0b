using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator tune NAME</c></summary>
internal static class TuneCommand
{
    private const string Epilogue = """
        What you leave out stays as it is. It is in force with the next batch that a worker gets, without a restart; 'coordinator
        status NAME' shows what holds a backfill back now. The one number that matters is --max-wait: how long a statement of your
        application may have to wait behind a batch. While somebody else writes the table, batches aim at half of that.

        Examples:
          coordinator tune rename-balance --max-wait 50ms
          coordinator tune rename-balance --max-parallel 4 --pause-between 200ms
          coordinator tune rename-balance --quiet-hours 08:00-20:00        nothing is granted in these hours, UTC
          coordinator tune rename-balance --check "select count(*) < 100 from job_queue"
          coordinator tune rename-balance --reset                          back to the defaults
        """;

    public static Command Create(CommandRunner runner)
    {
        var options = new TuneOptions();
        var command = new Command("tune", "Change how fast a backfill may go, while it runs.") { options.Name };
        options.AddTo(command);
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var name = ResourceName.Migration(context.Get(options.Name));
            var tuning = options.Read(context);
            var step = context.Get(options.Step);
            var backfill = step is { Length: > 0 }
                ? $"{name}/backfills/{step}"
                : await OnlyBackfillAsync(context, name, cancellationToken);
            var request = new TuneBackfillRequest
            {
                Name = backfill,
                Tuning = tuning,
                Reset = context.Get(options.Reset),
                RequestId = context.RequestId,
            };
            var response = await context.Client.Backfills.TuneBackfillAsync(request, context.Mutation(cancellationToken));
            context.Results.Write(response, (writer, palette) => BackfillText.Write(writer, palette, [response.Backfill]));
            return ExitCode.Done;
        });
    }

    private static async Task<string> OnlyBackfillAsync(CommandContext context, string migration, CancellationToken cancellationToken)
    {
        var request = new ListBackfillsRequest { Parent = migration };
        var response = await context.Client.Backfills.ListBackfillsAsync(request, context.Query(cancellationToken));
        return response.Backfills.Where(static backfill => !backfill.Finished).ToList() switch
        {
            [var only] => only.Name,
            [] => throw new UsageException(
                "This migration has no backfill that is not finished: there is nothing to tune.", "See 'coordinator status NAME'."),
            var several => throw new UsageException(
                $"This migration has several backfills: {string.Join(", ", several.Select(b => ResourceName.Last(b.Name)))}.",
                "Name one with --step."),
        };
    }
}

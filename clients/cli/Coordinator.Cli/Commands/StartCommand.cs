using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Watching;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator start NAME</c></summary>
internal static class StartCommand
{
    private const string Epilogue = """
        Examples:
          coordinator start rename-balance
          coordinator start rename-balance && coordinator ready migration rename-balance backfilled --wait
                                                     start, then wait until the new version may be deployed
          coordinator start rename-balance --wait    wait to the very end, the contract included: that is after the last
                                                     instance of an old version has left

        With --wait: 0 completed, 4 failed or needs a person, 124 time limit reached. Ending the wait changes nothing.
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var waiting = new WaitOptions("Wait until the migration has ended; progress goes to stderr.");
        var command = new Command("start", "Start a planned migration. Versions that need the new structure are refused until it is complete.")
        {
            name, waiting.Wait, waiting.Timeout,
        };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new StartMigrationRequest
            {
                Name = ResourceName.Migration(context.Get(name)),
                RequestId = context.RequestId,
            };
            var response = await context.Client.Migrations.StartMigrationAsync(request, context.Mutation(cancellationToken));
            return await waiting.AnswerAsync(context, response, response.Migration, cancellationToken);
        });
    }
}

using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Watching;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator rollback NAME</c></summary>
internal static class RollbackCommand
{
    private const string Epilogue = """
        It waits until no instance that uses the new structure is left; only then the new structure is dropped. New
        instances of such versions are refused from now on. 'coordinator status NAME' names those that are still there.
        After the contract has run there is no way back.

        Examples:
          coordinator rollback rename-balance              asks first
          coordinator rollback rename-balance --yes --wait --timeout 30m

        With --wait: 0 rolled back, 4 failed or needs a person, 124 time limit reached. Ending the wait changes nothing.
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var yes = new Option<bool>("--yes", "-y") { Description = "Don't ask. Needed where nobody can be asked." };
        var waiting = new WaitOptions("Wait until it is rolled back; progress goes to stderr.");
        var command = new Command("rollback", "Roll a migration back: drop the new structure once nothing uses it any more.")
        {
            name, yes, waiting.Wait, waiting.Timeout,
        };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var migration = ResourceName.Last(context.Get(name));
            if (!context.Get(yes) && !Confirmation.Ask(
                context.Environment,
                $"Roll back {migration}? The new structure is dropped, with what only it holds.",
                "rollback"))
            {
                return ExitCode.Interrupted;
            }

            var request = new RollBackMigrationRequest
            {
                Name = ResourceName.Migration(migration),
                RequestId = context.RequestId,
            };
            var response = await context.Client.Migrations.RollBackMigrationAsync(request, context.Mutation(cancellationToken));
            return await waiting.AnswerAsync(context, response, response.Migration, cancellationToken);
        });
    }
}

using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator pause NAME</c></summary>
internal static class PauseCommand
{
    private const string Epilogue = """
        When this returns, no batch that was granted before can commit any more. New and old versions keep running, and
        writes stay in sync meanwhile: a pause is safe for as long as you need. 'coordinator resume NAME' goes on.

        Example:
          coordinator pause rename-balance --reason "replication lag on db2, INC-4711"
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var reason = new Option<string>("--reason") { Description = "Why, for the history.", HelpName = "TEXT", Required = true };
        var command = new Command("pause", "Hold a migration: nothing of it runs until it is resumed.") { name, reason };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new PauseMigrationRequest
            {
                Name = ResourceName.Migration(context.Get(name)),
                Reason = context.Get(reason) ?? "",
                RequestId = context.RequestId,
            };
            var response = await context.Client.Migrations.PauseMigrationAsync(request, context.Mutation(cancellationToken));
            return MigrationAnswer.Write(context, response, response.Migration);
        });
    }
}

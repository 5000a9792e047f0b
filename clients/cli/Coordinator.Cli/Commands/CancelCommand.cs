using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator cancel NAME</c></summary>
internal static class CancelCommand
{
    private const string Epilogue = """
        One that has touched it is rolled back instead: coordinator rollback NAME

        Example:
          coordinator cancel rename-balance
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var command = new Command("cancel", "Cancel a migration that has not touched its target yet.") { name };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new CancelMigrationRequest
            {
                Name = ResourceName.Migration(context.Get(name)),
                RequestId = context.RequestId,
            };
            var response = await context.Client.Migrations.CancelMigrationAsync(request, context.Mutation(cancellationToken));
            return MigrationAnswer.Write(context, response, response.Migration);
        });
    }
}

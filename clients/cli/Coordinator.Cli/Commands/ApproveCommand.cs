using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator approve NAME</c></summary>
internal static class ApproveCommand
{
    private const string Epilogue = """
        The contract drops the old structure; after it there is no way back. The history records who approved.

        Example:
          coordinator approve rename-balance
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var command = new Command("approve", "Give the approval that the contract of a migration waits for.") { name };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new ApproveMigrationRequest
            {
                Name = ResourceName.Migration(context.Get(name)),
                RequestId = context.RequestId,
            };
            var response = await context.Client.Migrations.ApproveMigrationAsync(request, context.Mutation(cancellationToken));
            return MigrationAnswer.Write(context, response, response.Migration);
        });
    }
}

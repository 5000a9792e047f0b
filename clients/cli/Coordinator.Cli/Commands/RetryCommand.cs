using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator retry NAME</c></summary>
internal static class RetryCommand
{
    private const string Epilogue = """
        'coordinator status NAME' says what failed and what to do about it; do that first.

        Example:
          coordinator retry rename-balance
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var command = new Command("retry", "Try a failed step again.") { name };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new RetryMigrationRequest
            {
                Name = ResourceName.Migration(context.Get(name)),
                RequestId = context.RequestId,
            };
            var response = await context.Client.Migrations.RetryMigrationAsync(request, context.Mutation(cancellationToken));
            return MigrationAnswer.Write(context, response, response.Migration);
        });
    }
}

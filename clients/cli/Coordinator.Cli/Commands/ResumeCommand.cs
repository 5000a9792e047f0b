using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator resume NAME</c></summary>
internal static class ResumeCommand
{
    private const string Epilogue = """
        Example:
          coordinator resume rename-balance
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var command = new Command("resume", "Let a paused migration go on.") { name };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new ResumeMigrationRequest
            {
                Name = ResourceName.Migration(context.Get(name)),
                RequestId = context.RequestId,
            };
            var response = await context.Client.Migrations.ResumeMigrationAsync(request, context.Mutation(cancellationToken));
            return MigrationAnswer.Write(context, response, response.Migration);
        });
    }
}

using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator un-retire NAME</c></summary>
internal static class UnRetireCommand
{
    private const string Epilogue = """
        When this returns, old versions may start again, and in strict mode their database roles have their login and exactly
        the rights that they had. It works until the contract has begun; afterwards what old versions need is gone. The gate
        then waits: 'coordinator retire NAME' lets it go on.

        Example:
          coordinator un-retire rename-balance --reason "the nightly report still uses version 41"
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var reason = new Option<string>("--reason") { Description = "Why, for the history.", HelpName = "TEXT", Required = true };
        var command = new Command("un-retire", "Take a retirement back: old versions may start and write again.") { name, reason };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new UnretireVersionsRequest
            {
                Name = ResourceName.Migration(context.Get(name)),
                Reason = context.Get(reason) ?? "",
                RequestId = context.RequestId,
            };
            var response = await context.Client.Migrations.UnretireVersionsAsync(request, context.Mutation(cancellationToken));
            return MigrationAnswer.Write(context, response, response.Migration);
        });
    }
}

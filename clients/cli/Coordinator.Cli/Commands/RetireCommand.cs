using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator retire NAME</c></summary>
internal static class RetireCommand
{
    private const string Epilogue = """
        By itself the gate retires old versions when the last of their instances has left; until then they may restart. With
        this they can't from now on: a start is refused, and an instance that still runs gets no more leases, so it is told
        that it may not write. The gate still waits until each of them has left. It is also how a migration goes on after
        'coordinator un-retire NAME'.

        Example:
          coordinator retire rename-balance --reason "an autoscaler keeps starting the old image, INC-4711"
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var reason = new Option<string>("--reason") { Description = "Why, for the history.", HelpName = "TEXT", Required = true };
        var command = new Command("retire", "Refuse old versions from now on, before all of their instances have left.") { name, reason };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new RetireVersionsRequest
            {
                Name = ResourceName.Migration(context.Get(name)),
                Reason = context.Get(reason) ?? "",
                RequestId = context.RequestId,
            };
            var response = await context.Client.Migrations.RetireVersionsAsync(request, context.Mutation(cancellationToken));
            return MigrationAnswer.Write(context, response, response.Migration);
        });
    }
}

using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator quarantine waive NAME</c></summary>
internal static class QuarantineWaiveCommand
{
    private const string Epilogue = """
        A waived row stays as it is: after the contract what only the old structure held of it is gone. Your name and the
        reason are recorded.

        Example:
          coordinator quarantine waive rename-balance --key '{"aid": 5}' --reason "closed account, never read again"
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var step = QuarantineCommand.StepOption();
        var key = QuarantineCommand.KeyOption();
        var all = QuarantineCommand.AllOption();
        var reason = new Option<string>("--reason")
        {
            Description = "Why the rows may stay as they are.",
            HelpName = "TEXT",
            Required = true,
        };
        var command = new Command("waive", "Let rows stay as they are, so that the contract does not wait for them.")
        {
            name, step, key, all, reason,
        };
        QuarantineCommand.RequireRows(command, key, all);
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new WaiveQuarantinedRowsRequest
            {
                Parent = QuarantineCommand.Parent(context.Get(name), context.Get(step)),
                All = context.Get(all),
                Reason = context.Get(reason) ?? "",
                RequestId = context.RequestId,
            };
            request.Keys.AddRange(context.Get(key) ?? []);
            var result = await context.Client.Backfills.WaiveQuarantinedRowsAsync(request, context.Mutation(cancellationToken));
            context.Results.Write(result, (writer, _) => writer.WriteLine($"{NumberText.Of(result.WaivedRowCount)} waived."));
            return ExitCode.Done;
        });
    }
}

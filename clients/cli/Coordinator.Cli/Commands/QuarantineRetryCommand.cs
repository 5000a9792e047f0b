using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator quarantine retry NAME</c></summary>
internal static class QuarantineRetryCommand
{
    private const string Epilogue = """
        Correct the rows, or what refuses them, first. Each row is locked and filled in a transaction of its own; one that
        fails again stays in quarantine with its new error, and the exit code is 4.

        Examples:
          coordinator quarantine retry rename-balance --all
          coordinator quarantine retry rename-balance --key '{"aid": 5}'
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var step = QuarantineCommand.StepOption();
        var key = QuarantineCommand.KeyOption();
        var all = QuarantineCommand.AllOption();
        var command = new Command("retry", "Try rows again that could not be filled.") { name, step, key, all };
        QuarantineCommand.RequireRows(command, key, all);
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new RetryQuarantinedRowsRequest
            {
                Parent = QuarantineCommand.Parent(context.Get(name), context.Get(step)),
                All = context.Get(all),
                RequestId = context.RequestId,
            };
            request.Keys.AddRange(context.Get(key) ?? []);
            var result = await context.Client.Backfills.RetryQuarantinedRowsAsync(request, context.Target(cancellationToken));
            context.Results.Write(result, (writer, _) => writer.WriteLine(Sentence(result)));
            return result.FailedRowCount + result.UntriedRowCount == 0 ? ExitCode.Done : ExitCode.Blocked;
        });
    }

    private static string Sentence(RetryQuarantinedRowsResponse result)
    {
        var text = $"{NumberText.Of(result.RepairedRowCount)} filled, {NumberText.Of(result.GoneRowCount)} gone, "
            + $"{NumberText.Of(result.FailedRowCount)} failed again.";
        return result.UntriedRowCount == 0
            ? text
            : $"{text} {NumberText.Of(result.UntriedRowCount)} not tried yet: run the command again.";
    }
}

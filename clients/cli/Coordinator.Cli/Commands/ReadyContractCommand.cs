using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Readiness;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator ready contract NAME</c></summary>
internal static class ReadyContractCommand
{
    private const string Epilogue = $"""
        Lists what the contract would break if it ran at this moment: instances and sessions of old versions, sessions of
        which nobody can say what they are, rows in quarantine or that differ, steps that are not done, and objects in the
        database that hang on what is dropped. Below that, what it takes away for good although nothing needs it now, such as
        the way back to old versions; that does not count against it. It only reads, and asks nobody to contract: the
        migration does so by itself when its gate opens, after its soak and its approval.

        Examples:
          coordinator ready contract rename-balance
          coordinator ready contract rename-balance --output json

        {ReadinessOptions.ExitCodes}
        """;

    public static Command Create(CommandRunner runner)
    {
        var name = MigrationArgument.Create();
        var options = new ReadinessOptions();
        var command = new Command("contract", "What would contracting break at this moment?") { name };
        options.AddTo(command);
        return runner.Bind(command, Epilogue, (context, cancellationToken) => options.AskAsync(
            context,
            new ReadinessQuestion { Contract = new() { Migration = ResourceName.Migration(context.Get(name)) } },
            $"contract {context.Get(name)} now",
            cancellationToken));
    }
}

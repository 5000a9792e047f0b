using System.CommandLine;
using Coordinator.Cli.Invocation;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator target ...</c></summary>
internal static class TargetCommand
{
    public static Command Create(CommandRunner runner) => runner.Group(
        new Command("target", "Databases whose schema is migrated.") { TargetCheckCommand.Create(runner) },
        """
        Example:
          coordinator target check shop
        """);
}

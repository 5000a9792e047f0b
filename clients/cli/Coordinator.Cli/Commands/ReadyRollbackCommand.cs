using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Readiness;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator ready rollback APP VERSION</c></summary>
internal static class ReadyRollbackCommand
{
    private const string Epilogue = $"""
        This is about rolling a deploy back to an older version of the program. To roll a migration back, see
        'coordinator rollback'.

        Example:
          coordinator ready rollback shop-api 41

        {ReadinessOptions.ExitCodes}
        """;

    public static Command Create(CommandRunner runner)
    {
        var application = new Argument<string>("APP") { Description = "The application's name." };
        var version = VersionArgument.Create();
        var options = new ReadinessOptions();
        var command = new Command("rollback", "May the application still be rolled back to this version?") { application, version };
        options.AddTo(command);
        return runner.Bind(command, Epilogue, (context, cancellationToken) =>
        {
            var asked = new ReadinessQuestion.Types.ApplicationVersion
            {
                Application = context.Get(application),
                SchemaVersion = context.Get(version),
            };
            return options.AskAsync(
                context,
                new ReadinessQuestion { RollBack = asked },
                $"roll {asked.Application} back to version {asked.SchemaVersion}",
                cancellationToken);
        });
    }
}

using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Readiness;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator ready deploy APP VERSION</c></summary>
internal static class ReadyDeployCommand
{
    private const string Epilogue = $"""
        Examples:
          coordinator ready deploy shop-api 42
          coordinator ready deploy shop-api 42 --wait --timeout 10m --output json

        {ReadinessOptions.ExitCodes}
        """;

    public static Command Create(CommandRunner runner)
    {
        var application = new Argument<string>("APP") { Description = "The application's name." };
        var version = VersionArgument.Create();
        var options = new ReadinessOptions();
        var command = new Command("deploy", "May this version of the application be deployed?") { application, version };
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
                new ReadinessQuestion { Deploy = asked },
                $"deploy {asked.Application} version {asked.SchemaVersion}",
                cancellationToken);
        });
    }
}

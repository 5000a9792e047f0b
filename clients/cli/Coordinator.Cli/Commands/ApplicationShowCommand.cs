using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator application show APP</c></summary>
internal static class ApplicationShowCommand
{
    private const string Epilogue = """
        Example:
          coordinator application show shop-api
        """;

    public static Command Create(CommandRunner runner)
    {
        var application = new Argument<string>("APP") { Description = "The application's name." };
        var command = new Command("show", "Which versions of it may start, and how many instances are expected.") { application };
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new GetApplicationRequest { Name = ResourceName.Application(context.Get(application)) };
            var response = await context.Client.Applications.GetApplicationAsync(request, context.Query(cancellationToken));
            context.Results.Write(
                response, (writer, palette) => ApplicationCommand.Write(writer, palette, response.Application));
            return ExitCode.Done;
        });
    }
}

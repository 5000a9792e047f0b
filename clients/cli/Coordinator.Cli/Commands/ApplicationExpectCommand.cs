using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator application expect APP</c></summary>
internal static class ApplicationExpectCommand
{
    private const string Epilogue = """
        Until this is set, no contract that concerns the application runs: silence is not taken for absence.

        Examples:
          coordinator application expect shop-api --count 8      at least 8 instances of a version free of the old structure
          coordinator application expect reports --observed      has no client of ours; its connections are looked at
          coordinator application expect old-importer --none     is not deployed any more
        """;

    public static Command Create(CommandRunner runner)
    {
        var application = new Argument<string>("APP") { Description = "The application's name." };
        var count = new Option<int?>("--count") { Description = "At least this many instances.", HelpName = "N" };
        var observed = new Option<bool>("--observed") { Description = "Whatever connects to the target." };
        var none = new Option<bool>("--none") { Description = "No instance at all." };
        var command = new Command("expect", "Say how many instances of an application are expected.")
        {
            application, count, observed, none,
        };
        command.Validators.Add(result =>
        {
            if (((Option[])[count, observed, none]).Count(option => result.GetResult(option) is { Implicit: false }) != 1)
            {
                result.AddError("Give exactly one of --count N, --observed and --none.");
            }
        });
        return runner.Bind(command, Epilogue, async (context, cancellationToken) =>
        {
            var request = new SetExpectedPopulationRequest
            {
                Application = context.Get(application),
                ExpectedPopulation = Expected(context.Get(count), context.Get(observed)),
                RequestId = context.RequestId,
            };
            var response = await context.Client.Applications.SetExpectedPopulationAsync(
                request, context.Mutation(cancellationToken));
            context.Results.Write(
                response, (writer, palette) => ApplicationCommand.Write(writer, palette, response.Application));
            return ExitCode.Done;
        });
    }

    private static ExpectedPopulation Expected(int? count, bool observed) => (count, observed) switch
    {
        ({ } number, _) => new ExpectedPopulation { Count = number },
        (_, true) => new ExpectedPopulation { Observed = true },
        _ => new ExpectedPopulation { None = true },
    };
}

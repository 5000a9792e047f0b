using System.CommandLine;
using Coordinator.Cli.Invocation;
using Coordinator.Cli.Migrations;
using Coordinator.Cli.Output;
using Coordinator.V1;

namespace Coordinator.Cli.Commands;

/// <summary><c>coordinator application ...</c></summary>
internal static class ApplicationCommand
{
    private const string Epilogue = """
        Examples:
          coordinator application show shop-api
          coordinator application expect shop-api --count 8
        """;

    public static Command Create(CommandRunner runner) => runner.Group(
        new Command("application", "Which versions of an application may run, and how many instances are expected.")
        {
            ApplicationShowCommand.Create(runner),
            ApplicationExpectCommand.Create(runner),
        },
        Epilogue);

    public static void Write(TextWriter writer, Palette palette, Application application)
    {
        var table = new TextTable(columns: 2);
        table.Add(new Cell("application", palette.Dim), ResourceName.Last(application.Name));
        table.Add(new Cell("versions that may start", palette.Dim), Interval(application));
        table.Add(new Cell("expected instances", palette.Dim), Population(application.ExpectedPopulation));
        table.Write(writer, palette);
    }

    private static string Interval(Application application) => application switch
    {
        { Floor: <= 1, Ceiling: <= 0 } => "all",
        { Ceiling: <= 0 } => $"{NumberText.Version(application.Floor)} and above",
        { Floor: <= 1 } => $"below {NumberText.Version(application.Ceiling)}",
        _ => $"{NumberText.Version(application.Floor)} and above, below {NumberText.Version(application.Ceiling)}",
    };

    private static string Population(ExpectedPopulation? expected) => expected?.KindCase switch
    {
        ExpectedPopulation.KindOneofCase.Count => $"at least {NumberText.Version(expected.Count)} on a version that is free of the old structure",
        ExpectedPopulation.KindOneofCase.Observed => "observed: whatever connects to the target",
        ExpectedPopulation.KindOneofCase.None_ => "none",
        _ => "not set: no contract can run (coordinator application expect)",
    };
}

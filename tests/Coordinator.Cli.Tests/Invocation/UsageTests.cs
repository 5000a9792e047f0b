using System.CommandLine;
using Coordinator.Cli.Invocation;
using CommandLine = Coordinator.Cli.Tests.Hosting.CommandLine;

namespace Coordinator.Cli.Tests.Invocation;

/// <summary>Command lines that are wrong, and the help.</summary>
public class UsageTests
{
    public static TheoryData<string> Paths => [.. Walk(Root(), "")];

    [Theory]
    [InlineData("statu")]
    [InlineData("status", "a", "b")]
    [InlineData("start")]
    [InlineData("watch", "x", "--timeout", "10")]
    [InlineData("status", "--output", "xml")]
    [InlineData("ready")]
    [InlineData]
    public async Task A_wrong_command_line_is_explained_on_stderr_only(params string[] words)
    {
        var result = await new CommandLine().RunAsync(words);

        Assert.Equal(ExitCode.Usage, result.ExitCode);
        Assert.Equal("", result.Output);
        Assert.Contains("--help", result.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_typing_error_gets_a_suggestion()
    {
        var result = await new CommandLine().RunAsync("statu");

        Assert.Equal(
            """
            'statu' was not matched. Did you mean one of the following?
            status

            Required command was not provided.
            Unrecognized command or argument 'statu'.

            'coordinator --help' shows how it is used.

            """,
            result.Error);
    }

    [Theory]
    [MemberData(nameof(Paths))]
    public async Task Every_command_has_help_with_an_example_on_stdout(string path)
    {
        var result = await new CommandLine().RunAsync([.. path.Split(' ', StringSplitOptions.RemoveEmptyEntries), "--help"]);

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Equal("", result.Error);
        Assert.Contains("Example", result.Output, StringComparison.Ordinal);
        Assert.Contains($"coordinator {path}".TrimEnd(), result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task The_version_is_data()
    {
        var result = await new CommandLine().RunAsync("--version");

        Assert.Equal(ExitCode.Done, result.ExitCode);
        Assert.Matches(@"^\d+\.\d+\.\d+", result.Output);
    }

    private static RootCommand Root() =>
        CoordinatorCommand.Create(new CommandEnvironment { Output = TextWriter.Null, Error = TextWriter.Null });

    private static IEnumerable<string> Walk(Command command, string path) =>
        command.Subcommands
            .SelectMany(child => Walk(child, $"{path} {child.Name}".Trim()))
            .Prepend(path);
}

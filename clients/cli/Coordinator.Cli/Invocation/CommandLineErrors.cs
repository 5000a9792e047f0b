using System.CommandLine;
using System.CommandLine.Invocation;
using System.CommandLine.Parsing;

namespace Coordinator.Cli.Invocation;

/// <summary>
/// What is wrong with a command line, on stderr and with <see cref="ExitCode.Usage"/>. The parser's own answer would print the whole
/// help on stdout, where a script takes it for data.
/// </summary>
internal static class CommandLineErrors
{
    public static int Report(RootCommand root, ParseResult parsed, CommandEnvironment environment)
    {
        var onError = Configuration(environment.Error, environment.Error);
        var words = Words(parsed.CommandResult);
        if (parsed.CommandResult.Command is { Action: null, Subcommands.Count: > 0 } && parsed.UnmatchedTokens.Count == 0)
        {
            // Only the name of a group: that is a question, and its help the answer.
            root.Parse([.. words, "--help"]).Invoke(onError);
            return ExitCode.Usage;
        }

        if (parsed.Action is ParseErrorAction action)
        {
            action.ShowHelp = false;
            parsed.Invoke(onError);
        }

        environment.Error.WriteLine($"'{string.Join(' ', ["coordinator", .. words, "--help"])}' shows how it is used.");
        return ExitCode.Usage;
    }

    public static InvocationConfiguration Configuration(TextWriter output, TextWriter error) => new()
    {
        Output = output,
        Error = error,
        // Signals and failures are ours: they have exit codes of their own.
        ProcessTerminationTimeout = null,
        EnableDefaultExceptionHandler = false,
    };

    private static List<string> Words(CommandResult result)
    {
        var words = new List<string>();
        for (var current = result; current.Parent is CommandResult parent; current = parent)
        {
            words.Insert(0, current.Command.Name);
        }

        return words;
    }
}

using Coordinator.Cli.Output;

namespace Coordinator.Cli.Invocation;

/// <summary>Everything that a command sees of the process that it runs in, so that tests can run it inside theirs.</summary>
internal sealed class CommandEnvironment
{
    /// <summary>Data, and nothing else.</summary>
    public required TextWriter Output { get; init; }

    /// <summary>Everything that is not data: progress, questions, errors.</summary>
    public required TextWriter Error { get; init; }

    public TextReader Input { get; init; } = TextReader.Null;

    public bool OutputIsTerminal { get; init; }

    public bool ErrorIsTerminal { get; init; }

    public bool InputIsTerminal { get; init; }

    /// <summary>An environment variable; null where it is not set.</summary>
    public Func<string, string?> Variable { get; init; } = static _ => null;

    /// <summary>All environment variables, for those whose name carries a value.</summary>
    public Func<IReadOnlyDictionary<string, string>> Variables { get; init; } =
        static () => new Dictionary<string, string>();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>The exit code of a command that was cancelled: it depends on the signal.</summary>
    public Func<int> CancelledExitCode { get; init; } = static () => ExitCode.Interrupted;

    public Palette OutputPalette => new(OutputIsTerminal && MayColour);

    public Palette ErrorPalette => new(ErrorIsTerminal && MayColour);

    /// <summary>A person sits there and can be asked.</summary>
    public bool CanAsk => InputIsTerminal && ErrorIsTerminal;

    private bool MayColour => string.IsNullOrEmpty(Variable("NO_COLOR")) && Variable("TERM") != "dumb";

    public static CommandEnvironment OfProcess(Interruption interruption) => new()
    {
        Output = Console.Out,
        Error = Console.Error,
        Input = Console.In,
        OutputIsTerminal = !Console.IsOutputRedirected,
        ErrorIsTerminal = !Console.IsErrorRedirected,
        InputIsTerminal = !Console.IsInputRedirected,
        Variable = Environment.GetEnvironmentVariable,
        Variables = ReadVariables,
        CancelledExitCode = () => interruption.ExitCode,
    };

    private static Dictionary<string, string> ReadVariables()
    {
        var variables = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (System.Collections.DictionaryEntry entry in Environment.GetEnvironmentVariables())
        {
            variables[(string)entry.Key] = (string?)entry.Value ?? "";
        }

        return variables;
    }
}

namespace Coordinator.Cli.Invocation;

/// <summary>The command line, the environment or an input file is wrong; ends the command with <see cref="ExitCode.Usage"/>.</summary>
internal sealed class UsageException(string message, string remedy) : Exception(message)
{
    public string Remedy { get; } = remedy;
}

using Coordinator.Cli.Invocation;

namespace Coordinator.Cli.Tests.Hosting;

/// <summary>The process around a command, as a test imagines it.</summary>
internal sealed class CommandLine
{
    private static readonly TimeSpan Bound = TimeSpan.FromMinutes(3);

    /// <summary>What the command has written so far, also while it runs.</summary>
    public SharedText Output { get; } = new();

    /// <summary>What it has noted on stderr so far.</summary>
    public SharedText Error { get; } = new();

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public string Input { get; init; } = "";

    public bool IsTerminal { get; init; }

    public Dictionary<string, string> Variables { get; init; } = [];

    public Func<int> CancelledExitCode { get; init; } = static () => ExitCode.Interrupted;

    public CancellationToken CancellationToken { get; init; }

    public async Task<CommandResult> RunAsync(params string[] args)
    {
        var exitCode = await CoordinatorCommand
            .InvokeAsync(
                args,
                new CommandEnvironment
                {
                    Output = Output,
                    Error = Error,
                    Time = Time,
                    Input = new StringReader(Input),
                    InputIsTerminal = IsTerminal,
                    OutputIsTerminal = IsTerminal,
                    ErrorIsTerminal = IsTerminal,
                    Variable = name => Variables.GetValueOrDefault(name),
                    Variables = () => Variables,
                    CancelledExitCode = CancelledExitCode,
                },
                CancellationToken)
            .WaitAsync(Bound, CancellationToken.None);
        return new CommandResult(exitCode, Output.Text, Error.Text);
    }
}

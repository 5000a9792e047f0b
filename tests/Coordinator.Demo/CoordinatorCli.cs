using System.Diagnostics;
using Coordinator.Testing;

namespace Coordinator.Demo;

/// <summary>Runs the coordinator command as an operator would, and shows what it printed.</summary>
internal sealed class CoordinatorCli(IReadOnlyList<string> addresses, Transcript transcript)
{
    private const int DeepestQuoted = 4;

    /// <summary>Runs it and quotes its output, without the plan's SQL; throws when it does not exit with 0.</summary>
    public async Task RunAsync(CancellationToken cancellationToken, params string[] arguments)
    {
        transcript.Say($"$ coordinator {string.Join(' ', arguments)}");
        var (exit, output) = await InvokeAsync(arguments, cancellationToken);
        transcript.Quote(string.Join('\n', output.Split('\n').Where(line => line.TakeWhile(char.IsWhiteSpace).Count() <= DeepestQuoted)));
        if (exit != 0)
        {
            throw new InvalidOperationException($"coordinator {string.Join(' ', arguments)} ended with exit code {exit}.");
        }
    }

    /// <summary>Runs it silently.</summary>
    public async Task<(int Exit, string Output)> InvokeAsync(string[] arguments, CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo("dotnet", [CoordinatorProcess.Command, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["COORDINATOR_ADDRESS"] = string.Join(',', addresses), ["NO_COLOR"] = "1" },
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("The command could not be started.");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output + await error);
    }
}

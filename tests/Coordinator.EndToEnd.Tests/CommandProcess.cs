using System.Diagnostics;

namespace Coordinator.EndToEnd.Tests;

/// <summary>A process of this build's coordinator command, which a test may kill.</summary>
internal sealed class CommandProcess : IAsyncDisposable
{
    private readonly Process _process;
    private readonly string _log;

    private CommandProcess(Process process, string log)
    {
        _process = process;
        _log = log;
    }

    public static CommandProcess Start(IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var log = Path.GetTempFileName();
        // The shell writes the log, so that nobody has to pump a pipe; exec keeps the process id.
        var start = new ProcessStartInfo(
            "/bin/sh",
            [
                "-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log,
                "dotnet", Path.Combine(AppContext.BaseDirectory, "coordinator.dll"), .. arguments,
            ]);
        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }

        return new CommandProcess(Process.Start(start)!, log);
    }

    /// <summary>What it has printed so far.</summary>
    public string Log => File.ReadAllText(_log);

    /// <summary>kill -9, and waits for its end.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
        File.Delete(_log);
    }
}

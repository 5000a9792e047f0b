using System.Diagnostics;

namespace Coordinator.Demo;

/// <summary>A process of the coordinator command, with its output in a file.</summary>
internal sealed class CoordinatorProcess : IDisposable
{
    private readonly Process _process;

    private CoordinatorProcess(string name, Process process, string log)
    {
        Name = name;
        _process = process;
        Id = process.Id;
        Log = log;
    }

    public string Name { get; }

    public string Log { get; }

    /// <summary>Also after its end.</summary>
    public int Id { get; }

    /// <summary>The command as this build made it, beside the demo.</summary>
    public static string Command { get; } = Path.Combine(AppContext.BaseDirectory, "coordinator.dll");

    public static CoordinatorProcess Start(
        string name, string directory, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var log = Path.Combine(directory, $"{name}.log");
        // The shell appends to the log, so that nobody has to pump a pipe; exec keeps the process id.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, "dotnet", Command, .. arguments]);
        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }

        return new CoordinatorProcess(
            name, Process.Start(start) ?? throw new InvalidOperationException($"{name} could not be started."), log);
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public string Tail()
    {
        var lines = File.Exists(Log) ? File.ReadAllLines(Log) : [];
        return string.Join('\n', lines.TakeLast(15));
    }

    public void Dispose()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            _process.WaitForExit();
        }

        _process.Dispose();
    }
}

using System.Diagnostics;
using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Coordinator.Testing.Benchmarks;

namespace Coordinator.Testing;

/// <summary>A process of this build's coordinator command, with its output in a file. Whoever uses it references the command.</summary>
public sealed class CoordinatorProcess : IDisposable
{
    private readonly Process _process;

    private CoordinatorProcess(string name, Process process, string log)
    {
        Name = name;
        _process = process;
        Id = process.Id;
        Log = log;
    }

    /// <summary>The command as this build made it, beside the program that runs.</summary>
    public static string Command { get; } = Path.Combine(AppContext.BaseDirectory, "coordinator.dll");

    /// <summary>What it is called here; the log's name too.</summary>
    public string Name { get; }

    /// <summary>The file with its output.</summary>
    public string Log { get; }

    /// <summary>The process id; also after its end.</summary>
    public int Id { get; }

    /// <summary>What it has printed so far.</summary>
    public string Output => File.Exists(Log) ? File.ReadAllText(Log) : "";

    /// <summary>The last lines of what it has printed.</summary>
    public string Tail => string.Join('\n', Output.Split('\n').TakeLast(15));

    /// <summary>The most memory it had resident at a time, in bytes; only while it runs.</summary>
    public long PeakMemory => 1024 * long.Parse(
        File.ReadLines($"/proc/{Id}/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal))
            .Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);

    /// <summary>The processor time that it has used; only while it runs.</summary>
    public TimeSpan ProcessorTime
    {
        get
        {
            _process.Refresh();
            return _process.TotalProcessorTime;
        }
    }

    /// <summary>The memory that it has resident now, in bytes; only while it runs.</summary>
    public long Memory => ProcessFigures.ResidentMemory(Id);

    /// <summary>Starts it with its log in the directory.</summary>
    public static CoordinatorProcess Start(
        string name, string directory, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        StartProgram(Command, name, directory, environment, arguments);

    /// <summary>Starts another .NET program of this build in the same way, for what is compared with the command.</summary>
    public static CoordinatorProcess StartProgram(
        string program, string name, string directory, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        ArgumentNullException.ThrowIfNull(environment);
        var log = Path.Combine(directory, $"{name}.log");
        // The shell appends to the log, so that nobody has to pump a pipe; exec keeps the process id.
        var start = new ProcessStartInfo("/bin/sh", ["-c", "log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null", "sh", log, "dotnet", program, .. arguments]);
        foreach (var (variable, value) in environment)
        {
            start.Environment[variable] = value;
        }

        return new CoordinatorProcess(
            name, Process.Start(start) ?? throw new InvalidOperationException($"{name} could not be started."), log);
    }

    /// <summary>A TCP port that was free a moment ago, for a process to listen on.</summary>
    public static int FreePort()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return ((IPEndPoint)listener.LocalEndpoint).Port;
    }

    /// <summary>Sends it a signal by its name: STOP, CONT, TERM.</summary>
    public async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("/bin/sh", ["-c", "kill -\"$1\" \"$2\"", "sh", signal, Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"{Name} could not be sent {signal}.");
        }
    }

    /// <summary>Waits for its end.</summary>
    public Task EndAsync(CancellationToken cancellationToken) => _process.WaitForExitAsync(cancellationToken);

    /// <summary>kill -9, and waits for its end.</summary>
    public async Task KillAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
        }

        await _process.WaitForExitAsync();
    }

    /// <inheritdoc/>
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

using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Coordinator.Postgres.Embedded;

/// <summary>
/// A PostgreSQL server that this process starts in a private directory and stops again: for <c>coordinator dev</c>,
/// the demo and the tests. It listens on a Unix socket only, in a directory that nobody else can enter, which is why
/// it needs no password. Run as root, it drops to an unprivileged user, because PostgreSQL refuses root.
/// </summary>
public sealed class EmbeddedPostgres : IAsyncDisposable
{
    private const int SigInt = 2;
    private const int SigQuit = 3;

    private readonly EmbeddedPostgresOptions _options;
    private readonly PostgresBinaries _binaries;
    private readonly string _root;
    private readonly bool _ownsDirectory;
    private Process? _server;

    private EmbeddedPostgres(EmbeddedPostgresOptions options, PostgresBinaries binaries, string root, bool ownsDirectory)
    {
        _options = options;
        _binaries = binaries;
        _root = root;
        _ownsDirectory = ownsDirectory;
    }

    /// <summary>The directory of the server's Unix socket; a client's <c>Host</c> or <c>PGHOST</c>.</summary>
    public string SocketDirectory => _root;

    /// <summary>The number in the socket's name; no TCP port is opened.</summary>
    public int Port { get; } = 5432;

    /// <summary>The server's log, for error messages.</summary>
    public string LogFile => Path.Combine(_root, "server.log");

    /// <summary>Where <c>initdb</c>, <c>pgbench</c> and their like were found.</summary>
    public string BinDirectory => _binaries.Directory;

    /// <summary>Creates the data directory if it is not there yet, starts the server and waits until it answers.</summary>
    /// <exception cref="EmbeddedPostgresException">The binaries are missing, or the server did not start.</exception>
    public static async Task<EmbeddedPostgres> StartAsync(
        EmbeddedPostgresOptions options, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(options);
        var binaries = PostgresBinaries.Find();
        var ownsDirectory = options.Directory is null;
        var root = options.Directory
            ?? Path.Combine(Path.GetTempPath(), "coordinator-pg-" + Path.GetRandomFileName().Replace(".", "", StringComparison.Ordinal));
        if (root.Length > 80)
        {
            throw new EmbeddedPostgresException(
                $"The directory '{root}' is too long: a Unix socket's path must stay below 108 bytes. Choose one below 80 characters.");
        }

        var server = new EmbeddedPostgres(options, binaries, root, ownsDirectory);
        try
        {
            await server.InitializeAsync(cancellationToken);
            await server.StartServerAsync(cancellationToken);
            return server;
        }
        catch
        {
            await server.DisposeAsync();
            throw;
        }
    }

    /// <summary>A connection string for this server.</summary>
    public string ConnectionString(string database = "postgres", string user = "postgres") =>
        new NpgsqlConnectionStringBuilder
        {
            Host = SocketDirectory,
            Port = Port,
            Database = database,
            Username = user,
        }.ConnectionString;

    /// <summary>Starts the server again after <see cref="StopAsync"/>; the data is kept.</summary>
    public async Task StartServerAsync(CancellationToken cancellationToken)
    {
        var arguments = new List<string>
        {
            "-D", DataDirectory, "-k", _root, "-c", "listen_addresses=", "-p", Port.ToString(CultureInfo.InvariantCulture),
            "-c", "logging_collector=off",
        };
        foreach (var (name, value) in _options.Settings)
        {
            arguments.Add("-c");
            arguments.Add($"{name}={value}");
        }

        _server = Launch(_binaries.Tool("postgres"), arguments);
        await WaitUntilReadyAsync(cancellationToken);
    }

    /// <summary>
    /// Stops the server. <see cref="PostgresShutdown.Immediate"/> is what a crash looks like: no checkpoint, and the
    /// next start recovers from the log.
    /// </summary>
    public async Task StopAsync(PostgresShutdown mode, CancellationToken cancellationToken)
    {
        if (_server is not { HasExited: false } server)
        {
            return;
        }

        Native.Signal(server.Id, mode == PostgresShutdown.Fast ? SigInt : SigQuit);
        await server.WaitForExitAsync(cancellationToken);
        server.Dispose();
        _server = null;
    }

    /// <summary>Stops the server and, where the directory was its own choice, removes it.</summary>
    public async ValueTask DisposeAsync()
    {
        await StopAsync(_ownsDirectory ? PostgresShutdown.Immediate : PostgresShutdown.Fast, CancellationToken.None);
        _server?.Dispose();
        if (_ownsDirectory && Directory.Exists(_root))
        {
            Directory.Delete(_root, recursive: true);
        }
    }

    private string DataDirectory => Path.Combine(_root, "data");

    private async Task InitializeAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_root);
        if (PostgresBinaries.ServerUser is { } user)
        {
            await RunAsync("chown", [user, _root], cancellationToken);
        }

        if (OperatingSystem.IsWindows())
        {
            throw new EmbeddedPostgresException("The embedded PostgreSQL runs on Linux and macOS only; name a server instead.");
        }

        File.SetUnixFileMode(_root, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        if (File.Exists(Path.Combine(DataDirectory, "PG_VERSION")))
        {
            return;
        }

        using var initdb = Launch(
            _binaries.Tool("initdb"),
            ["-D", DataDirectory, "-U", "postgres", "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"]);
        await initdb.WaitForExitAsync(cancellationToken);
        if (initdb.ExitCode != 0)
        {
            throw new EmbeddedPostgresException($"initdb failed with exit code {initdb.ExitCode}:\n{ReadLog()}");
        }
    }

    private async Task WaitUntilReadyAsync(CancellationToken cancellationToken)
    {
        var started = Stopwatch.StartNew();
        await using var source = NpgsqlDataSource.Create(ConnectionString() + ";Pooling=false;Timeout=5");
        while (true)
        {
            if (_server is not { HasExited: false })
            {
                throw new EmbeddedPostgresException($"PostgreSQL ended while it was starting:\n{ReadLog()}");
            }

            try
            {
                await using var connection = await source.OpenConnectionAsync(cancellationToken);
                return;
            }
            catch (NpgsqlException) when (started.Elapsed < _options.StartTimeout)
            {
                await Task.Delay(TimeSpan.FromMilliseconds(50), cancellationToken);
            }
        }
    }

    /// <summary>Starts a server program, as the unprivileged user where we are root, with its output in the log.</summary>
    private Process Launch(string program, IEnumerable<string> arguments)
    {
        // The shell appends to the log, so that nobody has to pump a pipe for as long as the server lives; exec keeps the pid.
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false, WorkingDirectory = "/" };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add("log=$1; shift; exec \"$@\" >>\"$log\" 2>&1 </dev/null");
        start.ArgumentList.Add("sh");
        start.ArgumentList.Add(LogFile);
        if (PostgresBinaries.ServerUser is { } user)
        {
            foreach (var word in (string[])["setpriv", $"--reuid={user}", $"--regid={user}", "--clear-groups", "--"])
            {
                start.ArgumentList.Add(word);
            }
        }

        start.ArgumentList.Add(program);
        foreach (var argument in arguments)
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new EmbeddedPostgresException($"'{program}' could not be started.");
    }

    private static async Task RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { UseShellExecute = false })
            ?? throw new EmbeddedPostgresException($"'{program}' could not be started.");
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != 0)
        {
            throw new EmbeddedPostgresException($"'{program} {string.Join(' ', arguments)}' failed with exit code {process.ExitCode}.");
        }
    }

    private string ReadLog() => File.Exists(LogFile) ? File.ReadAllText(LogFile) : "(no log)";
}

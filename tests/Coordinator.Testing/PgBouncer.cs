using System.Diagnostics;
using System.Net.Sockets;
using Npgsql;

namespace Coordinator.Testing;

/// <summary>
/// PgBouncer in transaction mode in front of a server, with two server connections that take turns: one transaction of a
/// client runs on one of them, the next on the other. It runs as the server's own user, whose socket nobody else reaches.
/// </summary>
public sealed class PgBouncer : IAsyncDisposable
{
    private readonly string _directory;
    private readonly Process _process;

    private PgBouncer(string directory, Process process, string connectionString)
    {
        _directory = directory;
        _process = process;
        ConnectionString = connectionString;
    }

    /// <summary>The connection string through the pooler, with what Npgsql needs behind one.</summary>
    public string ConnectionString { get; }

    /// <summary>Starts it for one role and database.</summary>
    /// <exception cref="InvalidOperationException">PgBouncer is not installed, or it ended at once.</exception>
    public static async Task<PgBouncer> StartAsync(string connectionString, string dataDirectory)
    {
        var program = Array.Find(["/usr/sbin/pgbouncer", "/usr/bin/pgbouncer", "/usr/local/bin/pgbouncer", "/opt/homebrew/bin/pgbouncer"], File.Exists)
            ?? throw new InvalidOperationException(
                "PgBouncer is missing. './dev test' installs it on Debian and Ubuntu; elsewhere install the package pgbouncer.");
        var upstream = new NpgsqlConnectionStringBuilder(connectionString);
        var directory = Path.Combine(Path.GetTempPath(), "coordinator-bouncer-" + Path.GetRandomFileName()[..8]);
        Directory.CreateDirectory(directory);
        await File.WriteAllTextAsync(Path.Combine(directory, "users.txt"), $"\"{upstream.Username}\" \"\"\n");
        await File.WriteAllTextAsync(
            Path.Combine(directory, "pgbouncer.ini"),
            $"""
            [databases]
            {upstream.Database} = host={upstream.Host} port={upstream.Port} dbname={upstream.Database} user={upstream.Username} pool_size=2

            [pgbouncer]
            unix_socket_dir = {directory}
            listen_port = 6432
            listen_addr =
            auth_type = trust
            auth_file = {directory}/users.txt
            pool_mode = transaction
            server_round_robin = 1
            min_pool_size = 2
            max_client_conn = 100
            logfile = {directory}/pgbouncer.log
            pidfile =

            """);
        var process = Start(program, directory, dataDirectory);
        var through = new NpgsqlConnectionStringBuilder(connectionString)
        {
            Host = directory,
            Port = 6432,
            NoResetOnClose = true,
            MaxAutoPrepare = 0,
        }.ConnectionString;
        var bouncer = new PgBouncer(directory, process, through);
        try
        {
            await Eventually.TrueAsync(() => Task.FromResult(bouncer.Answers()), "PgBouncer answers");
            await bouncer.OpenBothAsync();
            return bouncer;
        }
        catch
        {
            await bouncer.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        if (!_process.HasExited)
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process.Dispose();
        Directory.Delete(_directory, recursive: true);
    }

    // As root both refuse to run: the directory's owner is the server's user, and so is the process.
    private static Process Start(string program, string directory, string dataDirectory)
    {
        var start = new ProcessStartInfo("/bin/sh") { UseShellExecute = false };
        start.ArgumentList.Add("-c");
        start.ArgumentList.Add(
            """
            if [ "$(id -u)" = 0 ]; then
              owner=$(stat -c %u "$3"); group=$(stat -c %g "$3"); chown -R "$owner:$group" "$2"
              exec setpriv --reuid="$owner" --regid="$group" --clear-groups -- "$1" "$2/pgbouncer.ini" >/dev/null 2>&1
            fi
            exec "$1" "$2/pgbouncer.ini" >/dev/null 2>&1
            """);
        foreach (var argument in (string[])["sh", program, directory, dataDirectory])
        {
            start.ArgumentList.Add(argument);
        }

        return Process.Start(start) ?? throw new InvalidOperationException($"'{program}' could not be started.");
    }

    /// <summary>Two transactions at once take two connections to the server; from then on these take turns.</summary>
    private async Task OpenBothAsync()
    {
        await using var source = NpgsqlDataSource.Create(ConnectionString);
        await using var one = await source.OpenConnectionAsync();
        await using var two = await source.OpenConnectionAsync();
        await using var first = await one.BeginTransactionAsync();
        await using var second = await two.BeginTransactionAsync();
        foreach (var connection in (NpgsqlConnection[])[one, two])
        {
            await using var command = new NpgsqlCommand("select 1", connection);
            await command.ExecuteNonQueryAsync();
        }
    }

    private bool Answers()
    {
        if (_process.HasExited)
        {
            var log = Path.Combine(_directory, "pgbouncer.log");
            throw new InvalidOperationException(
                "PgBouncer ended while it was starting: " + (File.Exists(log) ? File.ReadAllText(log) : "(no log)"));
        }

        // The file is there before anybody listens behind it.
        using var client = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        try
        {
            client.Connect(new UnixDomainSocketEndPoint(Path.Combine(_directory, ".s.PGSQL.6432")));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

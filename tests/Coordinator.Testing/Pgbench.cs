using System.Diagnostics;
using System.Globalization;
using Coordinator.Postgres.Embedded;

namespace Coordinator.Testing;

/// <summary>Runs PostgreSQL's own load generator on a database, as the superuser.</summary>
public static class Pgbench
{
    /// <summary>Runs it to its end.</summary>
    /// <returns>What it printed.</returns>
    /// <exception cref="InvalidOperationException">It failed.</exception>
    public static async Task<string> RunAsync(
        EmbeddedPostgres server, string database, string applicationName, IEnumerable<string> arguments, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(server);
        var start = new ProcessStartInfo(Path.Combine(server.BinDirectory, "pgbench"), [.. arguments, database])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PGHOST"] = server.SocketDirectory,
                ["PGPORT"] = server.Port.ToString(CultureInfo.InvariantCulture),
                ["PGUSER"] = "postgres",
                ["PGAPPNAME"] = applicationName,
            },
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("pgbench could not be started.");
        var output = process.StandardOutput.ReadToEndAsync(CancellationToken.None);
        var error = process.StandardError.ReadToEndAsync(CancellationToken.None);
        try
        {
            await process.WaitForExitAsync(cancellationToken);
        }
        catch (OperationCanceledException)
        {
            process.Kill();
            throw;
        }

        return process.ExitCode == 0
            ? await output
            : throw new InvalidOperationException($"pgbench ended with exit code {process.ExitCode}: {await error}");
    }

    /// <summary>The rate that it printed, transactions per second.</summary>
    public static double Rate(string output)
    {
        ArgumentNullException.ThrowIfNull(output);
        var line = output.Split('\n').First(text => text.StartsWith("tps = ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
    }
}

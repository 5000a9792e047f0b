using System.Diagnostics;
using System.Globalization;
using Coordinator.Postgres.Embedded;
using Coordinator.Testing;

namespace Coordinator.Demo;

/// <summary>Runs pgbench, a program that nobody here wrote.</summary>
internal sealed class Pgbench(EmbeddedPostgres server, string logDirectory)
{
    private int _slices;

    /// <summary>Creates and fills the four tables.</summary>
    public static async Task InitializeAsync(EmbeddedPostgres server, int scale, CancellationToken cancellationToken)
    {
        var (exit, _, error) = await RunAsync(
            server, "bank_owner", "demo", [], ["-i", "-q", "-s", Text(scale), Bank.Database], cancellationToken);
        if (exit != 0)
        {
            throw new InvalidOperationException($"pgbench -i failed with exit code {exit}:\n{error}");
        }
    }

    /// <summary>Transactions per second without a rate limit, eight clients.</summary>
    public async Task<double> MeasureMaximumAsync(IReadOnlyList<string> script, CancellationToken cancellationToken)
    {
        var (exit, output, error) = await RunAsync(
            server, "bank_app", "bank@1", script, ["-n", "-c", "8", "-j", "2", "-T", "4", Bank.Database], cancellationToken);
        if (exit != 0)
        {
            throw new InvalidOperationException($"pgbench failed with exit code {exit}:\n{error}");
        }

        var line = output.Split('\n').First(text => text.StartsWith("tps = ", StringComparison.Ordinal));
        return double.Parse(line.Split(' ')[2], CultureInfo.InvariantCulture);
    }

    /// <summary>
    /// One slice of one instance: one connection at a fixed rate for a second, with a log line per transaction. Never a
    /// vacuum before it (-n): the built-in one truncates pgbench_history.
    /// </summary>
    public async Task<SliceResult> RunSliceAsync(
        int version, IReadOnlyList<string> script, double rate, CancellationToken cancellationToken)
    {
        var prefix = Path.Combine(logDirectory, $"slice-{Interlocked.Increment(ref _slices)}");
        var (exit, output, error) = await RunAsync(
            server,
            "bank_app",
            $"{Bank.Application}@{version}",
            script,
            ["-n", "-c", "1", "-T", "1", "-R", rate.ToString("0.00", CultureInfo.InvariantCulture), "-l", "--log-prefix", prefix, Bank.Database],
            cancellationToken);
        var transactions = Directory.EnumerateFiles(logDirectory, Path.GetFileName(prefix) + ".*")
            .SelectMany(File.ReadLines)
            .Select(PgbenchTransaction.Parse)
            .ToList();
        return new SliceResult(transactions, FailedIn(output), exit, Complaints(error));
    }

    private static int FailedIn(string output) => output.Split('\n')
        .Where(line => line.StartsWith("number of failed transactions:", StringComparison.Ordinal))
        .Select(line => int.Parse(line.Split(':')[1].Trim().Split(' ')[0], CultureInfo.InvariantCulture))
        .Sum();

    private static IReadOnlyList<string> Complaints(string error) =>
        [.. error.Split('\n').Where(line => line.Contains("error", StringComparison.OrdinalIgnoreCase))];

    private static async Task<(int Exit, string Output, string Error)> RunAsync(
        EmbeddedPostgres server,
        string role,
        string applicationName,
        IReadOnlyList<string> script,
        IReadOnlyList<string> arguments,
        CancellationToken cancellationToken)
    {
        var start = new ProcessStartInfo(Path.Combine(server.BinDirectory, "pgbench"), [.. script, .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment =
            {
                ["PGHOST"] = server.SocketDirectory,
                ["PGPORT"] = Text(server.Port),
                ["PGUSER"] = role,
                ["PGAPPNAME"] = applicationName,
            },
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("pgbench could not be started.");
        var output = process.StandardOutput.ReadToEndAsync(cancellationToken);
        var error = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        return (process.ExitCode, await output, await error);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

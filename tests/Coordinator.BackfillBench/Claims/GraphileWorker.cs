using System.Diagnostics;
using System.Globalization;

namespace Coordinator.BackfillBench.Claims;

/// <summary>Claims and completions of graphile-worker, a well-made job queue on PostgreSQL, with jobs that do nothing.</summary>
internal static class GraphileWorker
{
    /// <summary>Where its packages are: <c>./dev bench-backfill</c> installs them and sets the variable.</summary>
    public const string ModulesVariable = "COORDINATOR_BENCH_MODULES";

    /// <summary>How long so many jobs take, so many at a time, fetched one by one or in tens.</summary>
    public static async Task<TimeSpan> RunAsync(BenchCluster cluster, int jobs, int concurrency, int perClaim)
    {
        var modules = Environment.GetEnvironmentVariable(ModulesVariable)
            ?? throw new InvalidOperationException($"Set {ModulesVariable} to a directory with graphile-worker's node_modules.");
        const string Database = "graphile";
        await cluster.ExecuteAsync("postgres", $"drop database if exists {Database} with (force)", $"create database {Database}", "checkpoint");
        var start = new ProcessStartInfo(
            "node",
            [
                Path.Combine(AppContext.BaseDirectory, "Claims", "graphile-worker.mjs"), modules,
                $"postgres://postgres@localhost/{Database}?host={Uri.EscapeDataString(cluster.Server.SocketDirectory)}",
                Text(jobs), Text(concurrency), Text(perClaim),
            ])
        {
            RedirectStandardOutput = true,
        };
        using var process = Process.Start(start) ?? throw new InvalidOperationException("node could not be started.");
        var output = await process.StandardOutput.ReadToEndAsync();
        await process.WaitForExitAsync();
        return process.ExitCode == 0
            ? TimeSpan.FromMilliseconds(double.Parse(output, CultureInfo.InvariantCulture))
            : throw new InvalidOperationException($"graphile-worker ended with exit code {process.ExitCode}.");
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

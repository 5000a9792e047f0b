using System.Globalization;
using Coordinator.Testing;

namespace Coordinator.BackfillBench.Foreground;

/// <summary>The application: pgbench reads and writes single rows of the table that is backfilled.</summary>
internal sealed class ForegroundLoad(BenchDatabase database)
{
    private const int Clients = 8;

    private int _runs;

    /// <summary>Transactions per second without a limit and with nobody else.</summary>
    public async Task<double> MaximumAsync(int seconds)
    {
        var output = await RunPgbenchAsync("-T", Text(seconds));
        return Pgbench.Rate(output);
    }

    /// <summary>Runs at a fixed rate; every transaction with its latency, counted from when it should have started.</summary>
    public async Task<IReadOnlyList<PgbenchTransaction>> RunAsync(double rate, int seconds)
    {
        var prefix = Path.Combine(database.Cluster.Directory, $"{database.Name}-{++_runs}");
        await RunPgbenchAsync("-T", Text(seconds), "-R", rate.ToString("0", CultureInfo.InvariantCulture), "-l", "--log-prefix", prefix);
        return [.. Directory.EnumerateFiles(database.Cluster.Directory, Path.GetFileName(prefix) + ".*")
            .SelectMany(File.ReadLines).Select(PgbenchTransaction.Parse)];
    }

    /// <summary>Completes when so many transactions have been counted since the copy was made.</summary>
    public Task DoneAsync(long transactions) => Eventually.TrueAsync(
        async () => await database.ScalarAsync<long>("select n_tup_upd from pg_stat_user_tables where relname = 'item'") >= transactions,
        "the application is at work");

    private async Task<string> RunPgbenchAsync(params string[] arguments)
    {
        var script = Path.Combine(database.Cluster.Directory, "foreground.sql");
        await File.WriteAllTextAsync(
            script,
            $"""
            \set id random(1, {Text(database.Rows)})
            begin;
            select amount from item where id = :id;
            update item set amount = amount + 1 where id = :id;
            end;

            """);
        return await Pgbench.RunAsync(
            database.Cluster.Server, database.Name, "bench@1", ["-U", BenchCluster.ApplicationRole, "-n", "-f", script, "-c", Text(Clients), "-j", "1", .. arguments]);
    }

    private static string Text(int number) => number.ToString(CultureInfo.InvariantCulture);
}

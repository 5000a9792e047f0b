using Coordinator.BackfillBench.Service;
using Coordinator.Testing;
using Coordinator.V1;
using Google.Protobuf.WellKnownTypes;

namespace Coordinator.BackfillBench.Foreground;

/// <summary>What an application feels of a backfill: alone, with the throttle and an accepted wait of 100 ms, and without either, in one run.</summary>
internal static class ForegroundSuite
{
    private const int Seconds = 60;
    private const int Workers = 2;

    // The backfill has to find the application at work: so many seconds of it.
    private const int SecondsBefore = 5;
    private static readonly TimeSpan AcceptedWait = TimeSpan.FromMilliseconds(100);

    public static async Task RunAsync(BenchCluster cluster, int rows, int repetitions)
    {
        await cluster.PrepareAsync(rows);
        var alone = new List<Latencies>();
        var throttled = new List<Latencies>();
        var unthrottled = new List<Latencies>();
        var rate = await RateAsync(cluster, rows);
        for (var repetition = 0; repetition < repetitions; repetition++)
        {
            alone.Add(await MeasureAsync(cluster, rows, rate, tuning: null));
            throttled.Add(await MeasureAsync(
                cluster, rows, rate, new BackfillTuning { MaxWait = Duration.FromTimeSpan(AcceptedWait) }));
            unthrottled.Add(await MeasureAsync(
                cluster, rows, rate, new BackfillTuning { MaxWait = Duration.FromTimeSpan(TimeSpan.FromSeconds(5)) }));
        }

        Report.Line();
        Report.Line(
            $"Foreground at {rate:N0} tps (30 % of its maximum), {rows:N0} rows, {Workers} workers, {repetitions} repetition(s); ms, medians of the runs");
        Print("alone", alone);
        Print("wait 100 ms", throttled);
        Print("throttle off", unthrottled);
        var p99 = Of(throttled, l => l.P99) - Of(alone, l => l.P99);
        Report.Aim($"p99 ≤ alone + 20 ms: {p99:+0.0;-0.0} ms", p99 <= 20);
        var worst = Of(throttled, l => l.Max);
        var bound = 2 * AcceptedWait.TotalMilliseconds;
        Report.Aim($"longest ≤ {bound:0} ms (twice the accepted wait): {worst:0.0} ms", worst <= bound);
    }

    private static async Task<double> RateAsync(BenchCluster cluster, int rows)
    {
        await using var database = await cluster.CopyAsync(rows);
        return 0.3 * await new ForegroundLoad(database).MaximumAsync(seconds: 5);
    }

    private static async Task<Latencies> MeasureAsync(
        BenchCluster cluster, int rows, double rate, BackfillTuning? tuning)
    {
        await using var database = await cluster.CopyAsync(rows);
        var load = new ForegroundLoad(database);
        if (tuning is null)
        {
            return Latencies.Of(await load.RunAsync(rate, Seconds), filled: 0);
        }

        await using var service = await CoordinatedService.StartAsync(database, throttled: tuning.MaxWait.ToTimeSpan() == AcceptedWait);
        await service.WarmUpAsync(Workers);
        var running = load.RunAsync(rate, Seconds);
        await load.DoneAsync((long)(rate * SecondsBefore));
        await service.OpenBackfillAsync(CoordinatedSegments.Rename, tuning);
        var transactions = await running;
        var (from, to, filled) = await service.WindowAsync();
        return Latencies.Of([.. transactions.Where(done => done.End >= from && done.End <= to)], filled);
    }

    private static void Print(string name, List<Latencies> runs) => Report.Line(
        $"  {name,-14} p50 {Of(runs, l => l.P50),6:0.0}  p99 {Of(runs, l => l.P99),6:0.0}  p99.9 {Of(runs, l => l.P999),6:0.0}  longest {Of(runs, l => l.Max),6:0.0}"
        + $"  ({Of(runs, l => l.Transactions):N0} transactions, {Of(runs, l => l.RowsPerSecond):N0} rows/s filled)");

    private static double Of(List<Latencies> runs, Func<Latencies, double> figure) =>
        Statistics.Median([.. runs.Select(figure)]);

    private sealed record Latencies(double P50, double P99, double P999, double Max, double Transactions, double RowsPerSecond)
    {
        public static Latencies Of(IReadOnlyList<PgbenchTransaction> transactions, long filled)
        {
            var latencies = transactions.Select(done => done.Latency.TotalMilliseconds).ToList();
            var seconds = (transactions.Max(done => done.End) - transactions.Min(done => done.End)).TotalSeconds;
            return new Latencies(
                Statistics.Percentile(latencies, 0.5),
                Statistics.Percentile(latencies, 0.99),
                Statistics.Percentile(latencies, 0.999),
                latencies.Max(),
                latencies.Count,
                filled / seconds);
        }
    }
}

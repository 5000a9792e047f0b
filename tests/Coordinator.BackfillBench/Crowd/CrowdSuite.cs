namespace Coordinator.BackfillBench.Crowd;

/// <summary>
/// What coordination costs when many share one coordination database: 200 workers on 50 backfills beside 8 workers on 2, in one
/// run. A row that everybody has to update would make the crowd slower than the few; with two replicas, whose transactions know
/// nothing of each other, it would be waited for.
/// </summary>
internal static class CrowdSuite
{
    private const double Percent = 100;

    private static readonly CrowdSize[] Crowds = [new(2, 8), new(50, 200), new(50, 200, Replicas: 2)];

    public static async Task RunAsync(BenchCluster cluster, int batches, int repetitions)
    {
        var runs = Crowds.ToDictionary(crowd => crowd, _ => new List<CrowdFigures>());
        for (var repetition = 1; repetition <= repetitions; repetition++)
        {
            var order = Crowds.ToArray();
            Random.Shared.Shuffle(order);
            foreach (var crowd in order)
            {
                var figures = await CrowdRun.MeasureAsync(cluster, crowd, batches);
                runs[crowd].Add(figures);
                Report.Meanwhile($"  {repetition}/{repetitions} {crowd}: {figures.PerSecond:N0} batches/s");
            }
        }

        Report.Line();
        Report.Line(
            $"Crowd: {batches:N0} batches claimed and completed over gRPC, {repetitions} repetition(s); medians, per second with (min–max). The workers are "
            + "clients inside the benchmark that do nothing to a target and ask again at once, so all of it is coordination, and a claim's time is "
            + "mostly its place in the queue.");
        foreach (var crowd in Crowds)
        {
            Print(crowd, runs[crowd]);
        }

        var few = Of(runs[Crowds[0]], run => run.PerSecond);
        foreach (var crowd in Crowds[1..])
        {
            var ratio = Of(runs[crowd], run => run.PerSecond) / few;
            Report.Aim($"no hot row: {crowd} ≥ 1.00 × {Crowds[0]}: {ratio:0.00}", ratio >= 1);
        }

        var deadlocks = runs.Values.SelectMany(each => each).Sum(run => run.Deadlocks);
        Report.Aim($"no deadlocks: {deadlocks}", deadlocks == 0);
    }

    private static void Print(CrowdSize crowd, List<CrowdFigures> runs)
    {
        Report.Line(
            $"  {crowd,-40} {Of(runs, run => run.PerSecond),7:N0} ({runs.Min(run => run.PerSecond):N0}–{runs.Max(run => run.PerSecond):N0})  "
            + $"claim p50 {Of(runs, run => run.ClaimP50):0.0} ms, p99 {Of(runs, run => run.ClaimP99):0.0} ms, {Of(runs, run => run.EmptyClaims):N0} without a batch");
        Report.Line(
            $"  {"",-40} coordination database {Of(runs, run => Percent * run.DatabaseCores):0} % of a core, service {Of(runs, run => Percent * run.ServiceCores):0} %, "
            + $"{Of(runs, run => run.ServiceMemory) / 1_048_576:0} MiB; per batch {Of(runs, run => 1000 * run.DatabaseCores / run.PerSecond):0.00} ms and "
            + $"{Of(runs, run => 1000 * run.ServiceCores / run.PerSecond):0.00} ms");
        var where = runs.MaxBy(run => run.Locks.Share)!.Locks.Where;
        Report.Line(
            $"  {"",-40} lock waits: longest {runs.Max(run => run.Locks.Longest.TotalMilliseconds):0} ms, seen in {Of(runs, run => Percent * run.Locks.Share):0.0} % of "
            + $"{runs.Sum(run => run.Locks.Looks):N0} looks, {runs.Max(run => run.Locks.Most)} session(s) at most{(where.Length > 0 ? $", mostly for rows of {where}" : "")}; deadlocks {runs.Sum(run => run.Deadlocks)}");
    }

    private static double Of(List<CrowdFigures> runs, Func<CrowdFigures, double> figure) => Statistics.Median([.. runs.Select(figure)]);
}

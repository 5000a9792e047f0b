namespace Coordinator.BackfillBench.Claims;

/// <summary>Claim and complete, against graphile-worker in the same run: one per claim and ten, by a few callers and by a fleet of them.</summary>
internal static class ClaimSuite
{
    public static async Task RunAsync(BenchCluster cluster, int batches, int repetitions)
    {
        Report.Line();
        Report.Line($"Claim and complete: {batches:N0} batches or jobs, {repetitions} repetition(s); per second, median (min–max)");
        foreach (var callers in (int[])[8, 64])
        {
            foreach (var perClaim in (int[])[1, 10])
            {
                await CompareAsync(cluster, batches, repetitions, callers, perClaim);
            }
        }
    }

    private static async Task CompareAsync(BenchCluster cluster, int batches, int repetitions, int callers, int perClaim)
    {
        var ours = new List<double>();
        var theirs = new List<double>();
        for (var repetition = 0; repetition < repetitions; repetition++)
        {
            ours.Add(batches / (await CoordinatorClaims.RunAsync(cluster, batches, callers, perClaim)).TotalSeconds);
            theirs.Add(batches / (await GraphileWorker.RunAsync(cluster, batches, callers, perClaim)).TotalSeconds);
        }

        var ratio = Statistics.Median(ours) / Statistics.Median(theirs);
        Report.Line($"  {callers} callers, {perClaim} per claim: coordinator {Line(ours)}, graphile-worker {Line(theirs)}");
        Report.Aim($"≥ 1.50 × graphile-worker: {ratio:0.00}", ratio >= 1.5);
    }

    private static string Line(List<double> rates) => $"{Statistics.Median(rates):N0} ({rates.Min():N0}–{rates.Max():N0})";
}

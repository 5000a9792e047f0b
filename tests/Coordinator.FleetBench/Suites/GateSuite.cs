using System.Globalization;
using Coordinator.FleetBench.Servers;
using Coordinator.Testing;

namespace Coordinator.FleetBench.Suites;

/// <summary>How long after the last old instance's good-bye the contract is committed, while an application uses the target.</summary>
internal static class GateSuite
{
    private const string LabelOfLoad = "pgbench";
    private const double ShareOfMaximum = 0.3;

    public static async Task RunAsync(FleetCluster cluster, FleetOptions options)
    {
        await using var service = await ServiceProcess.StartAsync(cluster, options.Interval);
        await PgbenchAsync(service, "-i", "-q", "-s", "5");
        var maximum = Pgbench.Rate(await PgbenchAsync(service, "-N", "-c", "4", "-T", "3"));
        var rate = ShareOfMaximum * maximum;
        using var end = new CancellationTokenSource();
        var foreground = Pgbench.RunAsync(
            cluster.Server,
            service.Target.Name,
            LabelOfLoad,
            ["-N", "-n", "-c", "4", "-T", "3600", "-R", rate.ToString("0", CultureInfo.InvariantCulture)],
            end.Token);
        var milliseconds = new List<double>();
        try
        {
            // One that is not counted: it finds the code cold.
            for (var turn = 0; turn <= options.Gates; turn++)
            {
                var latency = await LatencyAsync(service, $"gate-{turn}");
                if (turn > 0)
                {
                    milliseconds.Add(latency.TotalMilliseconds);
                }

                Report.Meanwhile($"  {turn}/{options.Gates} gate: {latency.TotalMilliseconds:0} ms");
            }
        }
        finally
        {
            await end.CancelAsync();
            await foreground.ContinueWith(static _ => { }, TaskScheduler.Default);
        }

        Report.Line();
        Report.Line(
            $"Gate, {options.Gates} migrations one after another, pgbench at {rate:N0} tps (30 % of its maximum): from the last old instance's "
            + "good-bye to the contract's commit, by the database's clock");
        var p50 = Statistics.Percentile(milliseconds, 0.5);
        var p99 = Statistics.Percentile(milliseconds, 0.99);
        Report.Line($"  p50 {p50:0} ms, p99 {p99:0} ms, {milliseconds.Min():0}–{milliseconds.Max():0} ms");
        Report.Aim($"p50 < 300 ms: {p50:0} ms", p50 < 300);
        Report.Aim($"p99 < 2 s: {p99:0} ms", p99 < 2000);
    }

    private static async Task<TimeSpan> LatencyAsync(ServiceProcess service, string application)
    {
        var gated = await service.BringToGateAsync(application);
        await gated.LeaveAsync("old");
        await service.UntilAsync(
            async () => (await gated.GetAsync()).State == V1.Migration.Types.State.Completed, $"{gated.Name} is completed");
        var left = await service.Coordination.ScalarAsync<DateTime>(
            $"select ended_at from coordinator.instance where application = '{application}' and instance = 'old'");
        var committed = await service.Target.ScalarAsync<DateTime>(
            $"""
            select max(pg_xact_commit_timestamp(xmin)) from coordinator.applied_step
            where migration = 'gate-{application}' and step like 'contract%'
            """);
        return committed - left;
    }

    private static Task<string> PgbenchAsync(ServiceProcess service, params string[] arguments) =>
        Pgbench.RunAsync(service.Cluster.Server, service.Target.Name, LabelOfLoad, arguments);
}

using System.Diagnostics;
using Coordinator.FleetBench.Load;
using Coordinator.FleetBench.Servers;

namespace Coordinator.FleetBench.Suites;

/// <summary>What heartbeats of a large fleet cost, and how many go through.</summary>
internal static class HeartbeatSuite
{
    private const int Streams = 1_000;
    private const int SharedConnections = 100;

    public static async Task RunAsync(FleetCluster cluster, FleetOptions options)
    {
        await SteadyAsync(cluster, options);
        await ThroughputAsync(cluster, options);
        await DurableRenewals.RunAsync(cluster, options);
    }

    /// <summary>The whole fleet at its interval.</summary>
    private static async Task SteadyAsync(FleetCluster cluster, FleetOptions options)
    {
        var rate = options.Instances / options.Interval.TotalSeconds;
        Report.Line();
        Report.Line(
            $"Steady: {options.Instances:N0} instances over {options.Connections:N0} connections, a heartbeat of each every "
            + $"{options.Interval.TotalSeconds:0} s, measured over {2 * options.Segment.TotalSeconds:0} s");
        await using var echo = await EchoProcess.StartAsync(cluster);
        await using var service = await ServiceProcess.StartAsync(cluster, options.Interval);
        foreach (var server in new BenchServer[] { echo, service })
        {
            using var fleet = new Fleet(server.Address, ServiceProcess.Application, options.Connections);
            var started = Stopwatch.GetTimestamp();
            await fleet.GrowAsync(options.Instances);
            var up = Stopwatch.GetElapsedTime(started);
            await OpenLoop.RunAsync(rate, options.Segment / 4, number => fleet.Members[number % fleet.Members.Count].BeatAsync());
            var usage = Usage.Begin(server);
            var load = await OpenLoop.RunAsync(
                rate, 2 * options.Segment, number => fleet.Members[number % fleet.Members.Count].BeatAsync());
            var used = usage();
            var per = 10_000.0 / options.Instances;
            Report.Line(
                $"  {server.Name,-10} {load.Rate,9:N0}/s  p50 {load.P50:0.0} ms  p99 {load.P99:0.0} ms  {used}, "
                + $"{server.Process.Memory / 1_048_576} MiB; all up after {up.TotalSeconds:0.0} s");
            if (server == service)
            {
                Report.Line(
                    $"  per 10,000 instances: server {used.Server * per:P1}, PostgreSQL {used.Postgres * per:P1}, generator {used.Generator * per:P1} of a core");
                Report.Aim($"server < 30 % of a core: {used.Server:P0}", used.Server < 0.3);
                Report.Aim(
                    $"server < 500 MiB: {server.Process.PeakMemory / 1_048_576} MiB at its peak", server.Process.PeakMemory < 500L * 1_048_576);
            }
        }
    }

    /// <summary>As many as go through: every stream sends again when it is answered.</summary>
    private static async Task ThroughputAsync(FleetCluster cluster, FleetOptions options)
    {
        await using var echo = await EchoProcess.StartAsync(cluster);
        await using var service = await ServiceProcess.StartAsync(cluster, options.Interval);
        using var echoed = new Fleet(echo.Address, ServiceProcess.Application, SharedConnections);
        using var served = new Fleet(service.Address, ServiceProcess.Application, SharedConnections);
        await echoed.GrowAsync(Streams);
        await served.GrowAsync(Streams);
        var turns = new Turns($"Heartbeats on {Streams:N0} streams over {SharedConnections} connections", options);
        await turns.RunAsync(
            service, echo, Streams, server => caller => (server == echo ? echoed : served).Members[caller].BeatAsync());
        turns.Print(0.7);
    }
}

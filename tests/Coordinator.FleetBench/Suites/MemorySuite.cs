using Coordinator.FleetBench.Load;
using Coordinator.FleetBench.Servers;

namespace Coordinator.FleetBench.Suites;

/// <summary>What connections and streams cost in memory of the server.</summary>
internal static class MemorySuite
{
    public static async Task RunAsync(FleetCluster cluster, FleetOptions options)
    {
        Report.Line();
        Report.Line(
            $"Memory resident in the server: {options.Connections:N0} connections with a stream each, then {options.Instances:N0} streams on them, a heartbeat on each");
        await using var echo = await EchoProcess.StartAsync(cluster);
        await using var service = await ServiceProcess.StartAsync(cluster, options.Interval);
        foreach (var server in new BenchServer[] { echo, service })
        {
            // What the first calls of all bring in is not the connections'.
            using (var first = new Fleet(server.Address, "warm-up", 10))
            {
                await first.GrowAsync(200);
            }

            using var fleet = new Fleet(server.Address, ServiceProcess.Application, options.Connections);
            var before = server.Process.Memory;
            await fleet.GrowAsync(options.Connections);
            var connected = server.Process.Memory;
            await fleet.GrowAsync(options.Instances - options.Connections);
            var full = server.Process.Memory;
            Report.Line(
                $"  {server.Name,-10} {before / 1_048_576} MiB at first, {full / 1_048_576} MiB at last: {(connected - before) / 1024.0 / options.Connections:0.0} KiB "
                + $"for a connection with its stream, {(full - connected) / 1024.0 / (options.Instances - options.Connections):0.0} KiB for a further stream");
        }
    }
}

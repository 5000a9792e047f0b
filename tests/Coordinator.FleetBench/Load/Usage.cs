using System.Diagnostics;
using Coordinator.FleetBench.Servers;

namespace Coordinator.FleetBench.Load;

/// <summary>What the three sides used while something was measured, in shares of one core.</summary>
internal sealed record Usage(double Server, double Postgres, double Generator)
{
    /// <summary>Starts to measure; the function that is returned ends it.</summary>
    public static Func<Usage> Begin(BenchServer server)
    {
        var started = Stopwatch.GetTimestamp();
        var before = Read(server);
        return () =>
        {
            var seconds = Stopwatch.GetElapsedTime(started).TotalSeconds;
            var after = Read(server);
            return new Usage(
                (after.Server - before.Server) / seconds,
                (after.Postgres - before.Postgres) / seconds,
                (after.Generator - before.Generator) / seconds);
        };
    }

    public override string ToString() =>
        FormattableString.Invariant($"server {Server:P0}, PostgreSQL {Postgres:P0}, generator {Generator:P0} of a core");

    private static Usage Read(BenchServer server) => new(
        server.Process.ProcessorTime.TotalSeconds,
        server.Cluster.ProcessorTime.TotalSeconds,
        Environment.CpuUsage.TotalTime.TotalSeconds);
}

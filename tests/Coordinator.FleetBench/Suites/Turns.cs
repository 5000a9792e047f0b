using Coordinator.FleetBench.Load;
using Coordinator.FleetBench.Servers;

namespace Coordinator.FleetBench.Suites;

/// <summary>The service and the bare echo measured in turns, over and over: a rate means something beside the other of the same run only.</summary>
internal sealed class Turns(string title, FleetOptions options)
{
    private readonly List<(LoadResult Load, Usage Usage)> _service = [];
    private readonly List<(LoadResult Load, Usage Usage)> _echo = [];

    /// <summary>Runs both, the echo first; the call is made on the server that is given.</summary>
    public async Task RunAsync(
        BenchServer service, BenchServer echo, int callers, Func<BenchServer, Func<int, Task>> call)
    {
        for (var repetition = 1; repetition <= options.Repetitions; repetition++)
        {
            foreach (var (server, results) in new[] { (echo, _echo), (service, _service) })
            {
                var usage = Usage.Begin(server);
                var load = await ClosedLoop.RunAsync(callers, options.Segment, call(server), () => usage = Usage.Begin(server));
                results.Add((load, usage()));
                Report.Meanwhile($"  {repetition}/{options.Repetitions} {title}, {server.Name}: {load.Rate:N0}/s, p99 {load.P99:0.0} ms; {results[^1].Usage}");
            }
        }
    }

    /// <summary>Prints both, and the aim if there is one.</summary>
    public void Print(double? atLeast)
    {
        Report.Line();
        Report.Line($"{title}: {options.Repetitions} repetition(s) of {options.Segment.TotalSeconds:0} s; medians");
        PrintOne("bare echo", _echo);
        PrintOne("service", _service);
        var ratio = Rate(_service) / Rate(_echo);
        if (atLeast is { } aim)
        {
            Report.Aim($"service ≥ {aim:0.00} × bare echo: {ratio:0.00}", ratio >= aim);
        }
    }

    private static double Rate(List<(LoadResult Load, Usage Usage)> results) => Statistics.Median([.. results.Select(each => each.Load.Rate)]);

    private static void PrintOne(string name, List<(LoadResult Load, Usage Usage)> results)
    {
        double Median(Func<(LoadResult Load, Usage Usage), double> of) => Statistics.Median([.. results.Select(of)]);
        Report.Line(
            $"  {name,-10} {Rate(results),9:N0}/s  p50 {Median(r => r.Load.P50):0.0} ms  p99 {Median(r => r.Load.P99):0.0} ms  "
            + $"µs each: server {Median(r => 1e6 * r.Usage.Server / r.Load.Rate):0}, PostgreSQL {Median(r => 1e6 * r.Usage.Postgres / r.Load.Rate):0}, "
            + $"generator {Median(r => 1e6 * r.Usage.Generator / r.Load.Rate):0}");
    }
}

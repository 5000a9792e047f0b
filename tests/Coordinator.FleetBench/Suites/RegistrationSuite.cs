using System.Diagnostics;
using Coordinator.FleetBench.Load;
using Coordinator.FleetBench.Servers;
using Coordinator.V1;

namespace Coordinator.FleetBench.Suites;

/// <summary>What a starting instance waits, and what a retirement waits for starting instances.</summary>
internal static class RegistrationSuite
{
    private const double Rate = 500;
    private const int Callers = 64;
    private const int Retirements = 20;
    private static readonly TimeSpan MostDelay = TimeSpan.FromMilliseconds(200);

    private static int _registered;

    public static async Task RunAsync(FleetCluster cluster, FleetOptions options)
    {
        await using var echo = await EchoProcess.StartAsync(cluster);
        await using var service = await ServiceProcess.StartAsync(cluster, options.Interval);
        var clients = new UnaryClients<ApplicationService.ApplicationServiceClient>(channel => new(channel));
        Task RegisterAsync(BenchServer server, int caller) => clients.Of(server, caller).HeartbeatAsync(Newcomer()).ResponseAsync;
        var gated = await service.BringToGateAsync(ServiceProcess.Application);
        await gated.BeatAsync("new", 2);

        await OpenLoop.RunAsync(Rate, options.Segment / 4, number => RegisterAsync(service, number));
        var alone = await RetirementsAsync(gated);
        var usage = Usage.Begin(service);
        var load = OpenLoop.RunAsync(Rate, options.Segment, number => RegisterAsync(service, number));
        var calm = await load;
        var used = usage();
        load = OpenLoop.RunAsync(Rate, 2 * options.Segment, number => RegisterAsync(service, number));
        var during = await RetirementsAsync(gated);
        await load;
        Report.Line();
        Report.Line($"Registrations at {Rate:0}/s: p50 {calm.P50:0.0} ms, p99 {calm.P99:0.0} ms, longest {calm.Max:0} ms; {used}");
        Report.Line($"  a retirement alone:        p50 {Statistics.Median(alone):0} ms, longest {alone.Max():0} ms ({Retirements} each)");
        Report.Line($"  while they register:       p50 {Statistics.Median(during):0} ms, longest {during.Max():0} ms; registrations then p99 {(await load).P99:0.0} ms");
        Report.Aim($"{Rate:0} registrations a second: {calm.Rate:0}", calm.Rate >= 0.99 * Rate);
        var delay = during.Max() - Statistics.Median(alone);
        Report.Aim($"a retirement delayed by ≤ {MostDelay.TotalMilliseconds:0} ms: {delay:0} ms", delay <= MostDelay.TotalMilliseconds);

        // As fast as they can; for information, since the echo stores nothing.
        var turns = new Turns($"Registrations, {Callers} in flight (unary)", options);
        await turns.RunAsync(
            service, echo, Callers, server => caller => RegisterAsync(server, caller));
        turns.Print(atLeast: null);
        var storm = OpenLoop.RunAsync(5 * Rate, 2 * options.Segment, number => RegisterAsync(service, number));
        var stormy = await RetirementsAsync(gated);
        Report.Line(
            $"  a retirement at {5 * Rate:0} registrations a second: p50 {Statistics.Median(stormy):0} ms, longest {stormy.Max():0} ms; registrations p99 {(await storm).P99:0} ms");
    }

    private static HeartbeatRequest Newcomer() => new()
    {
        Report = new InstanceReport
        {
            Application = ServiceProcess.Application,
            Instance = $"start-{Interlocked.Increment(ref _registered)}",
            SchemaVersion = 2,
            AppVersion = "1.42.0",
        },
    };

    /// <summary>Retires version 1 and lets it come back, over and over; how long each retirement took, in milliseconds.</summary>
    private static async Task<List<double>> RetirementsAsync(GatedMigration gated)
    {
        var times = new List<double>();
        for (var turn = 0; turn < Retirements; turn++)
        {
            var started = Stopwatch.GetTimestamp();
            await gated.RetireAsync();
            times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            await gated.UnretireAsync();
        }

        return times;
    }
}

using Coordinator.FleetBench.Load;
using Coordinator.FleetBench.Servers;
using Coordinator.V1;

namespace Coordinator.FleetBench.Suites;

/// <summary>How many questions of deploy tools are answered: all of them the same one, and many different ones.</summary>
internal static class ReadinessSuite
{
    private const int Callers = 64;
    private const int Questions = 20;

    public static async Task RunAsync(FleetCluster cluster, FleetOptions options)
    {
        await using var echo = await EchoProcess.StartAsync(cluster);
        await using var service = await ServiceProcess.StartAsync(cluster, options.Interval);
        var clients = new UnaryClients<ReadinessService.ReadinessServiceClient>(channel => new(channel));
        var gated = await service.BringToGateAsync(ServiceProcess.Application);
        await gated.BeatAsync("new", 2);
        foreach (var questions in new[] { 1, Questions })
        {
            var turns = new Turns($"Readiness, {Callers} in flight, {questions} different question(s)", options);
            await turns.RunAsync(service, echo, Callers, server => async caller =>
                await clients.Of(server, caller).CheckAsync(new CheckRequest
                {
                    Question = new ReadinessQuestion
                    {
                        Deploy = new ReadinessQuestion.Types.ApplicationVersion
                        {
                            Application = ServiceProcess.Application,
                            SchemaVersion = 1 + (caller % questions),
                        },
                    },
                }));
            turns.Print(0.8);
        }
    }
}

using Coordinator.Testing;
using Coordinator.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace Coordinator.FleetBench.Servers;

/// <summary>The bare echo as a process of its own.</summary>
internal sealed class EchoProcess : BenchServer
{
    private EchoProcess(FleetCluster cluster)
        : base(cluster) => Process = CoordinatorProcess.StartProgram(
            typeof(EchoProcess).Assembly.Location,
            $"echo-{new Uri(Address).Port}",
            cluster.Directory,
            new Dictionary<string, string> { [CompileOnce] = "0" },
            EchoServer.Verb,
            Address);

    public override string Name => "bare echo";

    public override CoordinatorProcess Process { get; }

    public static async Task<EchoProcess> StartAsync(FleetCluster cluster)
    {
        var echo = new EchoProcess(cluster);
        using var channel = GrpcChannel.ForAddress(echo.Address);
        var client = new ReadinessService.ReadinessServiceClient(channel);
        await Eventually.SucceedsAsync<RpcException>(
            () => client.CheckAsync(new CheckRequest()).ResponseAsync, () => $"the echo answers; it printed: {echo.Process.Tail}");
        return echo;
    }

    public override ValueTask DisposeAsync()
    {
        Process.Dispose();
        return ValueTask.CompletedTask;
    }
}

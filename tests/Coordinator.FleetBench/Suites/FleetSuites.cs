using Coordinator.FleetBench.Servers;

namespace Coordinator.FleetBench.Suites;

/// <summary>What can be asked for.</summary>
internal static class FleetSuites
{
    public static IReadOnlyList<string> All { get; } = ["heartbeats", "memory", "registration", "readiness", "gate"];

    public static Task RunAsync(string suite, FleetCluster cluster, FleetOptions options) => suite switch
    {
        "heartbeats" => HeartbeatSuite.RunAsync(cluster, options),
        "memory" => MemorySuite.RunAsync(cluster, options),
        "registration" => RegistrationSuite.RunAsync(cluster, options),
        "readiness" => ReadinessSuite.RunAsync(cluster, options),
        "gate" => GateSuite.RunAsync(cluster, options),
        _ => throw new ArgumentOutOfRangeException(nameof(suite), suite, "Not a suite."),
    };
}

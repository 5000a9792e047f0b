using Coordinator.Testing;

namespace Coordinator.FleetBench.Servers;

/// <summary>A server process that the load is put on: the service, or the bare echo that it is compared with.</summary>
internal abstract class BenchServer(FleetCluster cluster) : IAsyncDisposable
{
    /// <summary>Code is compiled once, while it warms up; with tiers it would be compiled while it is measured.</summary>
    protected const string CompileOnce = "DOTNET_TieredCompilation";

    public FleetCluster Cluster => cluster;

    public abstract string Name { get; }

    public string Address { get; } = $"http://127.0.0.1:{CoordinatorProcess.FreePort()}";

    public abstract CoordinatorProcess Process { get; }

    public abstract ValueTask DisposeAsync();
}

using Coordinator.Client.Instances;

namespace Coordinator.Client.Postgres.Tests;

/// <summary>An instance whose lease the test ends.</summary>
internal sealed class FakeInstance(long version) : ICoordinatorInstance
{
    public string Application => "shop-api";

    public string Instance => "7f";

    public long SchemaVersion => version;

    public bool MayWrite { get; set; } = true;

    public CancellationToken LeaseLost => CancellationToken.None;

    public InstanceStatus Status => new(MayWrite ? InstanceState.Registered : InstanceState.Unreachable);
}

using Coordinator.Engine.Applications;

namespace Coordinator.Engine.Tests.Applications;

public sealed class HeartbeatTests(CoordinationFixture fixture) : IClassFixture<CoordinationFixture>
{
    private readonly InstanceRegistry _registry = new(fixture.Coordination, fixture.Store, fixture.Options);

    [Fact]
    public async Task The_first_heartbeat_registers()
    {
        var lease = await BeatAsync("first", "a", 7);

        Assert.Equal(fixture.Options.InstanceLease, lease.Duration);
        Assert.Equal(fixture.Options.HeartbeatInterval, lease.HeartbeatInterval);
        var page = await _registry.ListInstancesAsync("first", false, 0, null, CancellationToken.None);
        var row = Assert.Single(page.Items);
        Assert.Equal(("first", "a", 7L, "1.0", InstancePresence.Live), (row.Application, row.Instance, row.Version, row.AppVersion, row.Presence));
        Assert.Equal("", page.NextPageToken);
    }

    private Task<InstanceLease> BeatAsync(string application, string instance, long version) =>
        _registry.HeartbeatAsync(new InstanceReport(application, instance, version, "1.0"), CancellationToken.None);
}

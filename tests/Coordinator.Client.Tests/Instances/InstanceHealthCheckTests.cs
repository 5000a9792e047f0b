using Coordinator.Client.Instances;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Coordinator.Client.Tests.Instances;

public sealed class InstanceHealthCheckTests
{
    [Theory]
    [InlineData(InstanceState.Registered, true, HealthStatus.Healthy)]
    [InlineData(InstanceState.Registered, false, HealthStatus.Degraded)]
    [InlineData(InstanceState.Starting, false, HealthStatus.Degraded)]
    [InlineData(InstanceState.Unreachable, true, HealthStatus.Degraded)]
    [InlineData(InstanceState.Unreachable, false, HealthStatus.Degraded)]
    [InlineData(InstanceState.Left, false, HealthStatus.Degraded)]
    [InlineData(InstanceState.Refused, false, HealthStatus.Unhealthy)]
    public async Task Only_a_refusal_is_unhealthy(InstanceState state, bool mayWrite, HealthStatus expected)
    {
        var check = new InstanceHealthCheck(new FixedInstance(new InstanceStatus(state, "A_REASON", "text"), mayWrite));

        var result = await check.CheckHealthAsync(new HealthCheckContext());

        Assert.Equal(expected, result.Status);
        Assert.Equal("A_REASON", result.Data["reason"]);
        Assert.Equal(mayWrite, result.Data["mayWrite"]);
    }

    private sealed class FixedInstance(InstanceStatus status, bool mayWrite) : ICoordinatorInstance
    {
        public string Application => "shop-api";

        public string Instance => "i1";

        public long SchemaVersion => 41;

        public bool MayWrite => mayWrite;

        public CancellationToken LeaseLost => CancellationToken.None;

        public InstanceStatus Status => status;
    }
}

using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Coordinator.Client.Instances;

/// <summary>
/// Unhealthy only when Coordinator has refused this instance. That Coordinator cannot be reached is no reason to take a
/// running application out of service, so it is no more than degraded.
/// </summary>
internal sealed class InstanceHealthCheck(ICoordinatorInstance instance) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(
        HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var status = instance.Status;
        var mayWrite = instance.MayWrite;
        var data = new Dictionary<string, object>
        {
            ["application"] = instance.Application,
            ["instance"] = instance.Instance,
            ["schemaVersion"] = instance.SchemaVersion,
            ["mayWrite"] = mayWrite,
            ["reason"] = status.Reason,
        };
        return Task.FromResult(status.State switch
        {
            InstanceState.Registered when mayWrite => HealthCheckResult.Healthy("Registered with Coordinator.", data),
            InstanceState.Refused => HealthCheckResult.Unhealthy(
                $"Coordinator refuses this instance ({status.Reason}): {status.Message}", data: data),
            InstanceState.Left => HealthCheckResult.Degraded("The instance has left Coordinator.", data: data),
            _ when mayWrite => HealthCheckResult.Degraded(
                $"Coordinator does not acknowledge heartbeats ({status.Reason}); the lease is still running.", data: data),
            _ => HealthCheckResult.Degraded(
                $"There is no lease ({status.Reason}); this instance may not write.", data: data),
        });
    }
}

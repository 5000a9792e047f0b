using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Options;

namespace Coordinator.Client.Instances;

/// <summary>
/// Ties the session to the host: registered before any hosted service starts, so before the first request; gone after
/// the last one has stopped. Leaving earlier would let Coordinator remove a structure that requests still use.
/// </summary>
internal sealed class InstanceHostedService(InstanceSession session, IOptions<CoordinatorInstanceOptions> options)
    : IHostedLifecycleService
{
    private readonly LeaveMoment _leaveWhen = options.Value.LeaveWhen;

    public Task StartingAsync(CancellationToken cancellationToken) => session.StartAsync(cancellationToken);

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) =>
        _leaveWhen == LeaveMoment.Stopping ? session.LeaveAsync(CancellationToken.None) : Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    /// <summary>The good-bye has a bound of its own: the host's may have passed while requests were still running.</summary>
    public Task StoppedAsync(CancellationToken cancellationToken) => session.LeaveAsync(CancellationToken.None);
}

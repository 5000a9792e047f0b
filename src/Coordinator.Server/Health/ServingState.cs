using Coordinator.V1;
using Proto = Grpc.Health.V1;
using ServingStatus = Grpc.Health.V1.HealthCheckResponse.Types.ServingStatus;

namespace Coordinator.Server.Health;

/// <summary>
/// Whether this replica takes calls. It does while it can reach the coordination database and is not stopping. The
/// process itself is healthy all the time: restarting it would not bring a database back.
/// </summary>
internal sealed class ServingState
{
    /// <summary>Is the process alive? Restart it when not.</summary>
    public const string Liveness = "liveness";

    /// <summary>Does it take calls? Send none when not.</summary>
    public const string Readiness = "readiness";

    private static readonly HashSet<string> Services = new(StringComparer.Ordinal)
    {
        "",
        Readiness,
        MigrationService.Descriptor.FullName,
        ApplicationService.Descriptor.FullName,
        WorkerService.Descriptor.FullName,
        BackfillService.Descriptor.FullName,
        ReadinessService.Descriptor.FullName,
        Proto.Health.Descriptor.FullName,
    };

    private readonly Lock _lock = new();
    private readonly CancellationToken _stopping;
    private bool _reachesDatabase;
    private TaskCompletionSource _changed = NewSignal();

    /// <summary>Takes calls from the first time that the database answers until the host begins to stop.</summary>
    public ServingState(IHostApplicationLifetime lifetime)
    {
        _stopping = lifetime.ApplicationStopping;
        _stopping.Register(Signal);
    }

    /// <summary>Whether calls are taken.</summary>
    public bool IsServing
    {
        get
        {
            lock (_lock)
            {
                return IsServing_NeedsLock;
            }
        }
    }

    private bool IsServing_NeedsLock => _reachesDatabase && !_stopping.IsCancellationRequested;

    /// <summary>The status of one service, and a task that ends when statuses change; null for an unknown service.</summary>
    public (ServingStatus? Status, Task Changed) Of(string service)
    {
        lock (_lock)
        {
            return service == Liveness ? (ServingStatus.Serving, _changed.Task)
                : !Services.Contains(service) ? (null, _changed.Task)
                : (IsServing_NeedsLock ? ServingStatus.Serving : ServingStatus.NotServing, _changed.Task);
        }
    }

    /// <summary>What the last look at the coordination database found.</summary>
    /// <returns>Whether that is news.</returns>
    public bool SetDatabaseReachable(bool reachable)
    {
        lock (_lock)
        {
            if (_reachesDatabase == reachable)
            {
                return false;
            }

            _reachesDatabase = reachable;
            Signal_NeedsLock();
            return true;
        }
    }

    private static TaskCompletionSource NewSignal() => new(TaskCreationOptions.RunContinuationsAsynchronously);

    private void Signal()
    {
        lock (_lock)
        {
            Signal_NeedsLock();
        }
    }

    private void Signal_NeedsLock()
    {
        _changed.TrySetResult();
        _changed = NewSignal();
    }
}

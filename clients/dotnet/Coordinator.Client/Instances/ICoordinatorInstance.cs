namespace Coordinator.Client.Instances;

/// <summary>
/// This process as Coordinator knows it. The lease is counted on this machine's monotonic clock from when each
/// heartbeat was sent, so it ends here no later than it ends for Coordinator: a process that was paused or cut off finds
/// out by itself that it may no longer write.
/// </summary>
public interface ICoordinatorInstance
{
    /// <summary>The application.</summary>
    public string Application { get; }

    /// <summary>This process's own id.</summary>
    public string Instance { get; }

    /// <summary>The schema version that it reported.</summary>
    public long SchemaVersion { get; }

    /// <summary>
    /// Whether the lease is running now and the version is not refused. Looks at the clock at every call, so it is right
    /// also in the first moment after a pause.
    /// </summary>
    public bool MayWrite { get; }

    /// <summary>
    /// Cancelled when the present lease is lost: its deadline passed, the version was refused, or the instance left.
    /// After a later heartbeat has been acknowledged, this is a new token. Already cancelled while there is no lease.
    /// </summary>
    public CancellationToken LeaseLost { get; }

    /// <summary>How it stands with Coordinator, and why.</summary>
    public InstanceStatus Status { get; }
}

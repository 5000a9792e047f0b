namespace Coordinator.Client.Instances;

/// <summary>How an instance stands with Coordinator.</summary>
public enum InstanceState
{
    /// <summary>It has not been registered yet.</summary>
    Starting,

    /// <summary>It is registered and its last heartbeat was acknowledged.</summary>
    Registered,

    /// <summary>The last heartbeat was not acknowledged. The lease may still be running; see MayWrite.</summary>
    Unreachable,

    /// <summary>Coordinator refused it: its version was retired, is not yet admitted, or its id has ended.</summary>
    Refused,

    /// <summary>It said good-bye.</summary>
    Left,
}

namespace Coordinator.Client.Instances;

/// <summary>When a hosted instance says good-bye to Coordinator.</summary>
public enum LeaveMoment
{
    /// <summary>
    /// After all hosted services have stopped and the last request has been answered. Heartbeats go on until then.
    /// </summary>
    Stopped,

    /// <summary>
    /// As soon as the host begins to stop. Only for programs that use the database for nothing from then on.
    /// </summary>
    Stopping,
}

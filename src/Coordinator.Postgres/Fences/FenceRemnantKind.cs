namespace Coordinator.Postgres.Fences;

/// <summary>What can be left of a fenced role.</summary>
public enum FenceRemnantKind
{
    /// <summary>A session of the role that was told to end and has not yet.</summary>
    Session,

    /// <summary>A transaction older than the fence of a role that is a member of a fenced one.</summary>
    OlderTransaction,

    /// <summary>A prepared transaction; only COMMIT PREPARED or ROLLBACK PREPARED ends it.</summary>
    PreparedTransaction,
}

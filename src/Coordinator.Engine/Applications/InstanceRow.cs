namespace Coordinator.Engine.Applications;

/// <summary>One running or ended process of an application.</summary>
public sealed record InstanceRow
{
    /// <summary>The application.</summary>
    public required string Application { get; init; }

    /// <summary>The instance.</summary>
    public required string Instance { get; init; }

    /// <summary>The schema version that it runs.</summary>
    public required long Version { get; init; }

    /// <summary>The program's version, for people.</summary>
    public required string AppVersion { get; init; }

    /// <summary>Whether it is there, by the database's clock when it was read.</summary>
    public required InstancePresence Presence { get; init; }

    /// <summary>When it registered.</summary>
    public required DateTimeOffset RegisteredAt { get; init; }

    /// <summary>When its last heartbeat was stored.</summary>
    public required DateTimeOffset LastSeenAt { get; init; }

    /// <summary>When its lease ends.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>When it left or was attested gone; null while it counts.</summary>
    public required DateTimeOffset? EndedAt { get; init; }
}

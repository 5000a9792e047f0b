namespace Coordinator.Domain.Gates;

/// <summary>
/// One session seen in a target (<c>pg_stat_activity</c>). <paramref name="Application"/> and <paramref name="Version"/> are what its
/// label or role says, null when it says nothing.
/// </summary>
public sealed record SessionFact(
    string Shard,
    int Pid,
    string Role,
    string ApplicationName,
    string? Application,
    long? Version);

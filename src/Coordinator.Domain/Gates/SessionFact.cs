namespace Coordinator.Domain.Gates;

/// <summary>
/// One session seen in a target (<c>pg_stat_activity</c>). <paramref name="Application"/> and <paramref name="Version"/> are what its
/// label says, <paramref name="RoleApplication"/> and <paramref name="RoleVersion"/> what its role says in strict mode; null when it
/// says nothing. <paramref name="IdleFor"/> is how long it has been idle; null while it is in a transaction.
/// </summary>
public sealed record SessionFact(
    string Shard,
    int Pid,
    string Role,
    string ApplicationName,
    string? Application,
    long? Version,
    string? RoleApplication = null,
    long? RoleVersion = null,
    TimeSpan? IdleFor = null);

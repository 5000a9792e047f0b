namespace Coordinator.Postgres.Ddl;

/// <summary>
/// How a step ended: whether this call did it, with how many attempts, how long it waited for its lock in all, and how
/// long it then held it.
/// </summary>
public sealed record DdlOutcome(DdlResult Result, int Attempts, TimeSpan LockWait, TimeSpan Held);

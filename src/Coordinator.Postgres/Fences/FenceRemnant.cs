namespace Coordinator.Postgres.Fences;

/// <summary>
/// What is left of fenced roles in the target: a session of theirs, a prepared transaction, or a transaction that began before the
/// fence under a role that could act as one of them.
/// </summary>
/// <param name="Kind">Which of the three.</param>
/// <param name="Role">The role.</param>
/// <param name="Pid">The session; null for a prepared transaction.</param>
/// <param name="Name">The prepared transaction's identifier, else the session's label.</param>
/// <param name="Age">For how long it has been there.</param>
public sealed record FenceRemnant(FenceRemnantKind Kind, string Role, int? Pid, string Name, TimeSpan Age);

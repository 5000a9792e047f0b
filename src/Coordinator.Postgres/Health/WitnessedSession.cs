namespace Coordinator.Postgres.Health;

/// <summary>A session that could use the tables: who it is, by what it calls itself.</summary>
/// <param name="Pid">Its process in the server.</param>
/// <param name="Role">Its role; empty where it has none.</param>
/// <param name="ApplicationName">Its label. A pooler's idle connection keeps that of its last client.</param>
/// <param name="BackendStart">When it connected.</param>
/// <param name="State">As <c>pg_stat_activity</c> has it.</param>
/// <param name="IdleFor">How long it has been idle; null while it is in a transaction.</param>
public sealed record WitnessedSession(
    int Pid, string Role, string ApplicationName, DateTimeOffset BackendStart, string State, TimeSpan? IdleFor);

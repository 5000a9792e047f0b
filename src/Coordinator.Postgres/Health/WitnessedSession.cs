namespace Coordinator.Postgres.Health;

/// <summary>A session that could use the tables: who it is, by what it calls itself.</summary>
public sealed record WitnessedSession(int Pid, string Role, string ApplicationName, DateTimeOffset BackendStart, string State);

namespace Coordinator.Postgres.Health;

/// <summary>The database role of one schema version of an application in strict mode.</summary>
public sealed record StrictRole(string Application, long Version, string Role);

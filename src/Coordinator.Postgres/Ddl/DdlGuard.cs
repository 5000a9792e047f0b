namespace Coordinator.Postgres.Ddl;

/// <summary>A statement that raises when a condition does not hold, with positional parameters. Its result is not looked at.</summary>
public sealed record DdlGuard(string Sql, params IReadOnlyList<object> Parameters);

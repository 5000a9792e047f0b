namespace Coordinator.Postgres.Health;

/// <summary>A statement as pg_stat_statements knows it: constants replaced, white space joined, at most 200 characters.</summary>
public sealed record StatementCalls(string Role, string Text, long Calls);

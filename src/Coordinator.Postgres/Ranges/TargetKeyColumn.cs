namespace Coordinator.Postgres.Ranges;

/// <summary>
/// A column of the key by which rows are handed out: its name, unquoted, and the type of <c>pg_catalog</c> that a bound is read as.
/// </summary>
public sealed record TargetKeyColumn(string Name, string Type);

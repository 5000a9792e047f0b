using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Fences;

/// <summary>A column that fenced roles must not reach, in the table and in every partition of it; null means any column.</summary>
public sealed record GuardedRelation(TableName Table, string? Column);

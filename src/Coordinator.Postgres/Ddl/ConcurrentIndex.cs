using Coordinator.Postgres.Catalog;

namespace Coordinator.Postgres.Ddl;

/// <summary>An index to be built without stopping writes: its name, always the same for the same step, and its statement.</summary>
public sealed record ConcurrentIndex(TableName Table, string IndexName, string Statement);

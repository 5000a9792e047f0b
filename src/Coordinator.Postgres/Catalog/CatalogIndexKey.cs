namespace Coordinator.Postgres.Catalog;

/// <summary>
/// A key of an index. <paramref name="Options"/> is what stands behind the column (collation, operator class, order)
/// as SQL wants it, empty if nothing; <paramref name="Name"/> is empty for an expression.
/// </summary>
public sealed record CatalogIndexKey(string Name, string Options);

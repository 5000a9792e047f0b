namespace Coordinator.Domain.Catalog;

/// <summary>
/// A key column of an index. <paramref name="Options"/> is what stands after the column (collation, operator class, order), exactly
/// as SQL wants it, empty if nothing. <paramref name="Name"/> is empty for an expression.
/// </summary>
public sealed record IndexColumnInfo(string Name, string Options = "");

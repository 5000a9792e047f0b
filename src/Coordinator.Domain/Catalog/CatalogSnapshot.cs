using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Catalog;

/// <summary>The part of a target's catalogue that a spec talks about. A table that does not exist is absent.</summary>
public sealed record CatalogSnapshot
{
    /// <summary><c>server_version_num</c>, e.g. 170002.</summary>
    public required int ServerVersion { get; init; }

    public required IReadOnlyList<TableInfo> Tables { get; init; }

    public TableInfo? Find(TableRef table) => Tables.FirstOrDefault(
        t => string.Equals(t.Schema, table.Schema, StringComparison.Ordinal) && string.Equals(t.Name, table.Name, StringComparison.Ordinal));
}

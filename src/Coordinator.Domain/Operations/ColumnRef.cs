using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Operations;

/// <summary>A column by table and name.</summary>
internal sealed record ColumnRef(TableRef Table, string Column);

namespace Coordinator.Domain.Catalog;

/// <summary>
/// What operations need to know of one table, read from the target in one snapshot. Facts only: what follows from them is decided
/// by the operations.
/// </summary>
public sealed record TableInfo
{
    public required string Schema { get; init; }

    public required string Name { get; init; }

    public required IReadOnlyList<ColumnInfo> Columns { get; init; }

    public IReadOnlyList<IndexInfo> Indexes { get; init; } = [];

    public IReadOnlyList<ConstraintInfo> Constraints { get; init; } = [];

    public IReadOnlyList<TriggerInfo> Triggers { get; init; } = [];

    /// <summary>Views, materialised views and rules that read the table, in words.</summary>
    public IReadOnlyList<string> DependentViews { get; init; } = [];

    /// <summary>Row-level security policies of the table, by name.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    public bool IsPartitioned { get; init; }

    public bool IsPartition { get; init; }

    /// <summary>What a partitioned table is partitioned by, as <c>pg_get_partkeydef</c> writes it; null for other tables.</summary>
    public string? PartitionKey { get; init; }

    /// <summary>Partitions at any depth that are foreign tables, quoted and qualified.</summary>
    public IReadOnlyList<string> ForeignPartitions { get; init; } = [];

    /// <summary>True for a parent or child of plain (not partition) inheritance.</summary>
    public bool HasInheritance { get; init; }

    public bool IsTemporary { get; init; }

    public bool IsUnlogged { get; init; }

    /// <summary><c>pg_class.relkind</c>: r table, p partitioned, v view, m materialised view, f foreign table, S sequence, …</summary>
    public string Kind { get; init; } = "r";

    /// <summary>Publications that name the table, by name.</summary>
    public IReadOnlyList<string> Publications { get; init; } = [];

    public long SizeBytes { get; init; }

    public double EstimatedRows { get; init; }

    public ColumnInfo? Column(string name) => Columns.FirstOrDefault(c => string.Equals(c.Name, name, StringComparison.Ordinal));
}

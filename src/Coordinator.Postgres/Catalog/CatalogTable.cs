namespace Coordinator.Postgres.Catalog;

/// <summary>What the catalogue says about one table, read in one snapshot. Facts only; what follows from them is decided elsewhere.</summary>
public sealed record CatalogTable
{
    /// <summary>The table's oid.</summary>
    public required uint Oid { get; init; }

    /// <summary>The schema's name.</summary>
    public required string Schema { get; init; }

    /// <summary>The table's name.</summary>
    public required string Name { get; init; }

    /// <summary>The role that owns it.</summary>
    public required string Owner { get; init; }

    /// <summary>Live columns in order.</summary>
    public IReadOnlyList<CatalogColumn> Columns { get; init; } = [];

    /// <summary>Indexes by name, invalid ones included.</summary>
    public IReadOnlyList<CatalogIndex> Indexes { get; init; } = [];

    /// <summary>Constraints by name.</summary>
    public IReadOnlyList<CatalogConstraint> Constraints { get; init; } = [];

    /// <summary>Triggers by name, those of constraints included.</summary>
    public IReadOnlyList<CatalogTrigger> Triggers { get; init; } = [];

    /// <summary>Views, materialised views and rules that read the table, in words.</summary>
    public IReadOnlyList<string> DependentViews { get; init; } = [];

    /// <summary>Row-level security policies, by name.</summary>
    public IReadOnlyList<string> Policies { get; init; } = [];

    /// <summary>A partitioned table (not a partition of one).</summary>
    public bool IsPartitioned { get; init; }

    /// <summary>A partition.</summary>
    public bool IsPartition { get; init; }

    /// <summary>What a partitioned table is partitioned by, as <c>pg_get_partkeydef</c> writes it; null for other tables.</summary>
    public string? PartitionKey { get; init; }

    /// <summary>Partitions at any depth that are foreign tables, quoted and qualified.</summary>
    public IReadOnlyList<string> ForeignPartitions { get; init; } = [];

    /// <summary>A parent or a child of plain inheritance.</summary>
    public bool HasInheritance { get; init; }

    /// <summary>A temporary table.</summary>
    public bool IsTemporary { get; init; }

    /// <summary>An unlogged table.</summary>
    public bool IsUnlogged { get; init; }

    /// <summary><c>pg_class.relkind</c>: r table, p partitioned, v view, m materialised view, f foreign table, …</summary>
    public string Kind { get; init; } = "r";

    /// <summary>Publications that publish the table, by name.</summary>
    public IReadOnlyList<string> Publications { get; init; } = [];

    /// <summary>Table, indexes and TOAST.</summary>
    public long SizeBytes { get; init; }

    /// <summary>The planner's estimate; 0 where the table was never analysed.</summary>
    public double EstimatedRows { get; init; }
}

namespace Coordinator.Domain.Catalog;

/// <summary>One index of a table.</summary>
public sealed record IndexInfo
{
    public required string Name { get; init; }

    /// <summary>As <c>pg_get_indexdef</c> writes it.</summary>
    public required string Definition { get; init; }

    public bool IsUnique { get; init; }

    public bool IsPrimary { get; init; }

    /// <summary>True when a constraint owns the index.</summary>
    public bool IsConstraint { get; init; }

    public bool IsValid { get; init; } = true;

    public bool IsExclusion { get; init; }

    public bool HasExpressions { get; init; }

    public bool HasPredicate { get; init; }

    public string Method { get; init; } = "btree";

    public required IReadOnlyList<IndexColumnInfo> Keys { get; init; }

    public IReadOnlyList<string> Included { get; init; } = [];

    public bool NullsNotDistinct { get; init; }

    /// <summary>As they stand between the parentheses of WITH, e.g. <c>fillfactor='70'</c>.</summary>
    public string? StorageParameters { get; init; }

    /// <summary>The tablespace's name (unquoted), null for the database's default.</summary>
    public string? Tablespace { get; init; }

    public bool IsReplicaIdentity { get; init; }

    /// <summary>Why the order of its entries can't be relied on, in words (its collation); null when it can.</summary>
    public string? OrderProblem { get; init; }
}

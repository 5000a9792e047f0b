namespace Coordinator.Postgres.Catalog;

/// <summary>One index of a table.</summary>
public sealed record CatalogIndex
{
    /// <summary>The index's name; its schema is the table's.</summary>
    public required string Name { get; init; }

    /// <summary>As <c>pg_get_indexdef</c> writes it.</summary>
    public required string Definition { get; init; }

    /// <summary>A unique index.</summary>
    public bool IsUnique { get; init; }

    /// <summary>The primary key's.</summary>
    public bool IsPrimary { get; init; }

    /// <summary>A constraint owns it.</summary>
    public bool IsConstraint { get; init; }

    /// <summary>False for what a concurrent build left behind when it failed.</summary>
    public bool IsValid { get; init; }

    /// <summary>An exclusion constraint's.</summary>
    public bool IsExclusion { get; init; }

    /// <summary>One of its keys is an expression.</summary>
    public bool HasExpressions { get; init; }

    /// <summary>A partial index.</summary>
    public bool HasPredicate { get; init; }

    /// <summary>The access method.</summary>
    public required string Method { get; init; }

    /// <summary>Key columns in order.</summary>
    public IReadOnlyList<CatalogIndexKey> Keys { get; init; } = [];

    /// <summary>INCLUDE columns in order.</summary>
    public IReadOnlyList<string> Included { get; init; } = [];

    /// <summary>NULLS NOT DISTINCT (PostgreSQL 15 and newer).</summary>
    public bool NullsNotDistinct { get; init; }

    /// <summary>As they stand between the parentheses of WITH, e.g. <c>fillfactor='70'</c>; null if none.</summary>
    public string? StorageParameters { get; init; }

    /// <summary>The tablespace, unquoted; null for the database's default.</summary>
    public string? Tablespace { get; init; }

    /// <summary>The columns that the predicate or the expressions name.</summary>
    public IReadOnlyList<string> ExpressionColumns { get; init; } = [];

    /// <summary>The replica identity's index.</summary>
    public bool IsReplicaIdentity { get; init; }

    /// <summary>
    /// Why the order of its entries can't be relied on, in words: a collation that takes different texts for the same, or whose version is
    /// not the one that the order was made with. Null when it can.
    /// </summary>
    public string? OrderProblem { get; init; }
}

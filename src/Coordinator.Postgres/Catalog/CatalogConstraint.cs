namespace Coordinator.Postgres.Catalog;

/// <summary>One constraint of a table.</summary>
public sealed record CatalogConstraint
{
    /// <summary>The constraint's name.</summary>
    public required string Name { get; init; }

    /// <summary><c>pg_constraint.contype</c>: p, u, f, c, x, t, n (18 and newer).</summary>
    public required char Type { get; init; }

    /// <summary>As <c>pg_get_constraintdef</c> writes it.</summary>
    public required string Definition { get; init; }

    /// <summary>The columns it names, in its order.</summary>
    public IReadOnlyList<string> Columns { get; init; } = [];

    /// <summary>False for NOT VALID.</summary>
    public bool IsValid { get; init; }

    /// <summary>A foreign key somewhere points at this key.</summary>
    public bool IsReferencedFromOther { get; init; }
}

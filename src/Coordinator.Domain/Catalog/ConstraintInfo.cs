namespace Coordinator.Domain.Catalog;

/// <summary>One constraint of a table.</summary>
public sealed record ConstraintInfo
{
    public required string Name { get; init; }

    /// <summary><c>pg_constraint.contype</c>: p primary key, u unique, f foreign key, c check, x exclusion, n not null (18+).</summary>
    public required char Type { get; init; }

    /// <summary>As <c>pg_get_constraintdef</c> writes it.</summary>
    public required string Definition { get; init; }

    public required IReadOnlyList<string> Columns { get; init; }

    public bool IsValid { get; init; } = true;

    /// <summary>True for a key of this table that a foreign key elsewhere points at.</summary>
    public bool IsReferencedFromOther { get; init; }
}

namespace Coordinator.Postgres.Catalog;

/// <summary>One trigger of a table.</summary>
public sealed record CatalogTrigger
{
    /// <summary>The trigger's name.</summary>
    public required string Name { get; init; }

    /// <summary>As <c>pg_get_triggerdef</c> writes it.</summary>
    public required string Definition { get; init; }

    /// <summary>The columns of UPDATE OF, empty if it names none.</summary>
    public IReadOnlyList<string> UpdateColumns { get; init; } = [];

    /// <summary>One of those that enforce constraints.</summary>
    public bool IsInternal { get; init; }
}

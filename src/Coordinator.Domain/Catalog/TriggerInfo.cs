namespace Coordinator.Domain.Catalog;

/// <summary>One trigger of a table.</summary>
public sealed record TriggerInfo
{
    public required string Name { get; init; }

    /// <summary>As <c>pg_get_triggerdef</c> writes it.</summary>
    public required string Definition { get; init; }

    /// <summary>The columns of <c>UPDATE OF</c>, empty if it names none.</summary>
    public IReadOnlyList<string> UpdateColumns { get; init; } = [];

    /// <summary>True for the triggers that enforce constraints.</summary>
    public bool IsInternal { get; init; }
}

using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Operations;

/// <summary>
/// One kind of change: what it must know of the catalogue, what stands against it, its steps, and the way back.
/// </summary>
internal interface IOperation
{
    /// <summary>The tables whose catalogue entries it reads.</summary>
    public IReadOnlyList<TableRef> Tables { get; }

    /// <summary>The columns it takes the place of; an index over columns of two operations can't be carried by either.</summary>
    public IReadOnlyList<ColumnRef> Replaces { get; }

    /// <summary>The steps, or null when it reported errors.</summary>
    public OperationPlan? Compile(OperationContext context);
}

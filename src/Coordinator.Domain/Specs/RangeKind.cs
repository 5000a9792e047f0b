namespace Coordinator.Domain.Specs;

/// <summary>By what a backfill's rows are cut into batches.</summary>
public enum RangeKind
{
    /// <summary>By the values of a unique key: a row stays in its range whatever else is written to it.</summary>
    Key,

    /// <summary>By the table's blocks: an UPDATE of any column may move a row into another range.</summary>
    Blocks,
}

using Coordinator.Domain.Plans;

namespace Coordinator.Engine.Driving;

/// <summary>A table that the migration works on is gone from the target.</summary>
internal sealed class TableVanishedException(TableRef table)
    : Exception($"Table {table} is not in the target any more.");

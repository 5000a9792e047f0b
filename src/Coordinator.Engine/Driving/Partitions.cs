using Coordinator.Domain.Plans;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;

namespace Coordinator.Engine.Driving;

/// <summary>The partitions with rows that a partitioned table has at this moment.</summary>
internal static class Partitions
{
    public static async Task<IReadOnlyList<TableRef>> OfAsync(TargetShard shard, TableRef table, CancellationToken cancellationToken)
    {
        try
        {
            var leaves = await PartitionReader.LeavesAsync(shard.DataSource, table.Schema, table.Name, cancellationToken);
            return [.. leaves.Select(leaf => new TableRef(leaf.Schema, leaf.Name))];
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }
    }
}

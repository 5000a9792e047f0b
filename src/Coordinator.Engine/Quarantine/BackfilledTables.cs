using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Targets;

namespace Coordinator.Engine.Quarantine;

/// <summary>The tables that a plan fills on one shard, each with the step that its rows stand under: a partitioned table has one per partition.</summary>
internal static class BackfilledTables
{
    public static async Task<IReadOnlyList<PlanStep.Backfill>> OfAsync(
        PlanStep.Backfill backfill, TargetShard shard, CancellationToken cancellationToken) => backfill.PerPartition
            ? [.. (await Partitions.OfAsync(shard, backfill.Table, cancellationToken)).Select(backfill.ForPartition)]
            : [backfill];

    /// <summary>Those of one step, or of one partition's; of all for an empty name.</summary>
    public static async Task<IReadOnlyList<PlanStep.Backfill>> OfAsync(
        MigrationPlan plan, string step, TargetShard shard, CancellationToken cancellationToken)
    {
        var tables = new List<PlanStep.Backfill>();
        foreach (var backfill in plan.Steps.OfType<PlanStep.Backfill>())
        {
            tables.AddRange((await OfAsync(backfill, shard, cancellationToken))
                .Where(table => step.Length == 0 || step == backfill.Id || step == table.Id));
        }

        return tables;
    }
}

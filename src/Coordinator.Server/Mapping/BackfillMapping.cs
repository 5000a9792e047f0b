using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;

namespace Coordinator.Server.Mapping;

/// <summary>
/// Backfills on the wire: one for each backfill step of the plan, begun or not, and one for each partition that has begun.
/// </summary>
internal static class BackfillMapping
{
    public static IEnumerable<V1.Backfill> ToProto(MigrationView view) =>
        view.State.Plan!.Steps.OfType<PlanStep.Backfill>().SelectMany(step => ToProto(view, step));

    private static IEnumerable<V1.Backfill> ToProto(MigrationView view, PlanStep.Backfill step)
    {
        if (!step.PerPartition)
        {
            return [ToProto(view, step.Id, step.Table.ToString(), view.Backfills.FirstOrDefault(progress => progress.Step == step.Id))];
        }

        var begun = view.Backfills.Where(progress => progress.Step.StartsWith(step.Id + "-", StringComparison.Ordinal)).ToList();
        return begun.Count == 0
            ? [ToProto(view, step.Id, step.Table.ToString(), null)]
            : begun.Select(progress => ToProto(view, progress.Step, progress.TriggerTable, progress));
    }

    private static V1.Backfill ToProto(MigrationView view, string step, string table, BackfillProgress? progress)
    {
        var backfill = Counts(view, step, table, progress);
        backfill.BlockKeyCount = view.State.Plan!.Steps.OfType<PlanStep.Backfill>().Any(each => each.Id == step && each.Key is not null)
            ? BackfillStart.KeysPerBlock
            : 0;
        if (progress is not null)
        {
            PaceMapping.Add(backfill, progress);
        }

        return backfill;
    }

    private static V1.Backfill Counts(MigrationView view, string step, string table, BackfillProgress? progress) => new()
    {
        Name = ResourceNames.Backfill(view.State.Name, step),
        Table = table,
        DoneBlockCount = progress?.DoneBlocks ?? 0,
        BlockCount = progress?.TotalBlocks ?? 0,
        RowCount = progress?.Rows ?? 0,
        BatchCount = progress?.Batches ?? 0,
        TakeoverCount = progress?.Takeovers ?? 0,
        LeasedBatchCount = (int)Math.Min(progress?.Leased ?? 0, int.MaxValue),
        RunningBatchCount = (int)Math.Min(progress?.Running ?? 0, int.MaxValue),
        Finished = progress?.State == BackfillRowState.Finished,
        LastFailureMessage = progress?.LastFailure ?? "",
    };
}

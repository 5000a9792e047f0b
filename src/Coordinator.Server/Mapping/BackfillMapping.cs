using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;

namespace Coordinator.Server.Mapping;

/// <summary>Backfills on the wire: one for each backfill step of the plan, begun or not.</summary>
internal static class BackfillMapping
{
    public static IEnumerable<V1.Backfill> ToProto(MigrationView view) =>
        view.State.Plan!.Steps.OfType<PlanStep.Backfill>().Select(step => ToProto(
            view.State.Name, step, view.Backfills.FirstOrDefault(progress => progress.Step == step.Id)));

    private static V1.Backfill ToProto(string migration, PlanStep.Backfill step, BackfillProgress? progress) => new()
    {
        Name = ResourceNames.Backfill(migration, step.Id),
        Table = step.Table.ToString(),
        DoneBlockCount = progress?.DoneBlocks ?? 0,
        BlockCount = progress?.TotalBlocks ?? 0,
        RowCount = progress?.Rows ?? 0,
        BatchCount = progress?.Batches ?? 0,
        TakeoverCount = progress?.Takeovers ?? 0,
        LeasedBatchCount = (int)Math.Min(progress?.Leased ?? 0, int.MaxValue),
        Finished = progress?.State == BackfillRowState.Finished,
        LastFailureMessage = progress?.LastFailure ?? "",
    };
}

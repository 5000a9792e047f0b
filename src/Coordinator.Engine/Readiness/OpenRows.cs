using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Quarantine;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Quarantine;

namespace Coordinator.Engine.Readiness;

/// <summary>
/// Rows in quarantine as a question sees them. Unlike the gate it lets none go: a row that was put right meanwhile is only left out.
/// </summary>
internal static class OpenRows
{
    /// <summary>A blocker for each backfill that left rows behind which are wrong at this moment and which nobody waived.</summary>
    public static async Task<IReadOnlyList<Blocker>> BlockersAsync(
        MigrationState state, MigrationPlan plan, Target target, CancellationToken cancellationToken)
    {
        var blockers = new List<Blocker>();
        // Before the first batch there is no quarantine, perhaps not even its table.
        foreach (var backfill in plan.Steps.OfType<PlanStep.Backfill>().Where(step => state.Step(step.Id).Status != StepStatus.Pending))
        {
            long open = 0;
            QuarantinedRow? example = null;
            foreach (var shard in target.Shards)
            {
                var left = await LookAsync(state.Name, backfill, shard, cancellationToken);
                open += left.Open;
                example ??= left.Example;
            }

            if (example is not null)
            {
                blockers.Add(QuarantineGate.Blocker(state.Name, backfill, open, example));
            }
        }

        return blockers;
    }

    private static async Task<(long Open, QuarantinedRow? Example)> LookAsync(
        string migration, PlanStep.Backfill backfill, TargetShard shard, CancellationToken cancellationToken)
    {
        long open = 0;
        QuarantinedRow? example = null;
        try
        {
            foreach (var table in await BackfilledTables.OfAsync(backfill, shard, cancellationToken))
            {
                var count = await QuarantineTable.CountAsync(shard.DataSource, migration, table.Id, cancellationToken);
                if (count.Open == 0)
                {
                    continue;
                }

                if (table.Disagree is null)
                {
                    open += count.Open;
                    example ??= count.Example;
                    continue;
                }

                var wrong = (await QuarantineTable.StillWrongAsync(
                        shard.DataSource,
                        migration,
                        table.Id,
                        new TableName(table.Table.Schema, table.Table.Name),
                        table.Disagree,
                        cancellationToken))
                    .Where(row => row.WaivedBy is null)
                    .ToList();
                open += wrong.Count;
                example ??= wrong.FirstOrDefault();
            }
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }

        return (open, example);
    }
}

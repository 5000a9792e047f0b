using System.Globalization;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Quarantine;

namespace Coordinator.Engine.Quarantine;

/// <summary>
/// Rows in quarantine that a constraint would refuse: they were not filled, and they are not right by now. A waiver does not
/// make them right, so those that were waived count too. Looked up by their keys: nothing is scanned.
/// </summary>
internal static class UnfilledRows
{
    /// <summary>A blocker when the table has such rows, on any shard; none when the constraint can be validated.</summary>
    public static async Task<IReadOnlyList<Blocker>> BlockersAsync(
        StepRun run, TableRef table, string constraint, CancellationToken cancellationToken)
    {
        long count = 0;
        string? example = null;
        foreach (var backfill in run.Plan.Steps.OfType<PlanStep.Backfill>().Where(step => step.Table == table && step.Disagree is not null))
        {
            foreach (var shard in run.Target.Shards)
            {
                foreach (var filled in await BackfilledTables.OfAsync(backfill, shard, cancellationToken))
                {
                    var wrong = await StillWrongAsync(run, filled, shard, cancellationToken);
                    count += wrong.Count;
                    example ??= wrong.Count > 0 ? QuarantineGate.Where(backfill, wrong[0]) : null;
                }
            }
        }

        return example is null ? [] : [Blocker(run.Migration, table, constraint, count, example)];
    }

    private static async Task<IReadOnlyList<QuarantinedRow>> StillWrongAsync(
        StepRun run, PlanStep.Backfill filled, TargetShard shard, CancellationToken cancellationToken)
    {
        try
        {
            return await QuarantineTable.StillWrongAsync(
                shard.DataSource,
                run.Migration,
                filled.Id,
                new TableName(filled.Table.Schema, filled.Table.Name),
                filled.Disagree!,
                cancellationToken);
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }
    }

    private static Blocker Blocker(string migration, TableRef table, string constraint, long count, string example)
    {
        var rows = string.Create(CultureInfo.InvariantCulture, $"{count} {(count == 1 ? "row" : "rows")}");
        return new Blocker(
            "QUARANTINED_ROWS",
            $"{migration}: {rows} of {table}",
            $"{rows} of {table} could not be filled, for example {example}, so constraint {constraint} does not hold for all rows",
            $"see 'coordinator quarantine list {migration}'; correct the rows, or run 'coordinator quarantine retry {migration} --all'. A waiver is "
            + "not enough here: the column is to be free of NULLs. It goes on by itself when they are right");
    }
}

using System.Globalization;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Quarantine;

namespace Coordinator.Engine.Quarantine;

/// <summary>
/// What the quarantine says to a gate: rows that could not be filled keep the contract waiting until each is right, gone,
/// or waived by somebody. Rows that the application has put right meanwhile are found here, and let go.
/// </summary>
internal sealed class QuarantineGate
{
    // The application may put rows right at any time, and nobody tells.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);

    private long _last;
    private IReadOnlyList<Blocker> _blockers = [];

    /// <summary>A blocker for each backfill that left rows behind; looked up every few seconds at most, unless it has to be <paramref name="fresh"/>.</summary>
    public async Task<IReadOnlyList<Blocker>> LookAsync(StepRun run, bool fresh, CancellationToken cancellationToken)
    {
        if (!fresh && _last != 0 && System.Diagnostics.Stopwatch.GetElapsedTime(_last) < Interval)
        {
            return _blockers;
        }

        var blockers = new List<Blocker>();
        foreach (var backfill in run.Plan.Steps.OfType<PlanStep.Backfill>())
        {
            long open = 0;
            QuarantinedRow? example = null;
            foreach (var shard in run.Target.Shards)
            {
                var left = await LookAsync(run, backfill, shard, cancellationToken);
                open += left.Open;
                example ??= left.Example;
            }

            if (example is not null)
            {
                blockers.Add(Blocker(run.Migration, backfill, open, example));
            }
        }

        _blockers = blockers;
        _last = System.Diagnostics.Stopwatch.GetTimestamp();
        return blockers;
    }

    private static async Task<QuarantineCount> LookAsync(
        StepRun run, PlanStep.Backfill backfill, TargetShard shard, CancellationToken cancellationToken)
    {
        var sum = new QuarantineCount(0, 0, null);
        try
        {
            var tables = await BackfilledTables.OfAsync(backfill, shard, cancellationToken);
            if (backfill.PerPartition)
            {
                await QuarantineTable.ForgetPartitionsAsync(
                    shard.DataSource, run.Migration, backfill.Id, [.. tables.Select(table => table.Id)], cancellationToken);
            }

            foreach (var table in tables)
            {
                if ((await QuarantineTable.CountAsync(shard.DataSource, run.Migration, table.Id, cancellationToken)).Open == 0)
                {
                    continue;
                }

                await QuarantineTable.ClearRepairedAsync(
                    shard.DataSource,
                    run.Migration,
                    table.Id,
                    new TableName(table.Table.Schema, table.Table.Name),
                    KeyRanges.ToTarget(table.Key),
                    table.Disagree,
                    cancellationToken);
                var left = await QuarantineTable.CountAsync(shard.DataSource, run.Migration, table.Id, cancellationToken);
                sum = new QuarantineCount(sum.Open + left.Open, sum.Waived + left.Waived, sum.Example ?? left.Example);
            }

            return sum;
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }
    }

    // The number is part of the subject: fewer rows are news, which a watcher is told.
    internal static Blocker Blocker(string migration, PlanStep.Backfill backfill, long count, QuarantinedRow example) => new(
        "QUARANTINED_ROWS",
        string.Create(CultureInfo.InvariantCulture, $"{migration}: {count} {(count == 1 ? "row" : "rows")} of {backfill.Table}"),
        string.Create(
            CultureInfo.InvariantCulture,
            $"{count} {(count == 1 ? "row" : "rows")} of {backfill.Table} could not be filled, for example {Where(backfill, example)}: "
            + $"{Short(example.Message)} ({example.SqlState})"),
        $"see 'coordinator quarantine list {migration}'; {Remedy(migration, backfill)}, or let them stay as they are with 'coordinator quarantine waive {migration} --key KEY --reason WHY'");

    // A handler runs in workers, for whole batches.
    private static string Remedy(string migration, PlanStep.Backfill backfill) => backfill.Handler is { } handler
        ? $"write the rows as handler {handler} would and waive them"
        : $"correct the rows and run 'coordinator quarantine retry {migration} --all'";

    /// <summary>A row by its key, and by its partition where the table is partitioned.</summary>
    internal static string Where(PlanStep.Backfill backfill, QuarantinedRow row) =>
        backfill.PerPartition ? $"{Short(row.Key)} in {row.Table}" : Short(row.Key);

    private static string Short(string text) => text.Length <= 200 ? text : text[..199] + "…";
}

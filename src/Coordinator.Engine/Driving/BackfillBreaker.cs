using System.Globalization;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Quarantine;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Stops a backfill of which too much fails, instead of filling a quarantine with a whole table or trying for ever: when
/// more rows go into quarantine than 0.1 % of those handled (100 at least), when a batch fails again and again, or when
/// the statement can't work at all. An operator's retry goes on, with what is in quarantine by then taken for accepted.
/// </summary>
internal sealed class BackfillBreaker(BackfillFailures failures, EngineOptions options)
{
    private const long LeastBadRows = 100;
    private const long RowsPerBadRow = 1000;

    /// <summary>The failure to stop with; null while all is well enough.</summary>
    public async Task<StepOutcome.Failed?> CheckAsync(
        StepRun run, PlanStep.Backfill backfill, BackfillProgress progress, ProgressEvents events, CancellationToken cancellationToken)
    {
        var bad = await CountAsync(run, backfill.Id, cancellationToken);
        await events.QuarantinedAsync(bad.Total, Describe(bad.Example), cancellationToken);
        if (await failures.WorstAsync(run.Migration, backfill.Id, cancellationToken) is { } worst
            && (worst.CanNotWork || worst.Times >= options.MostBatchFailures))
        {
            return await TripAsync(events, bad.Total, Failing(run, worst), cancellationToken);
        }

        if (bad.Open <= LeastBadRows)
        {
            return null;
        }

        var accepted = (await events.StateAsync(cancellationToken)).AcceptedBadRows;
        var most = Math.Max(LeastBadRows, (progress.Rows + bad.Total) / RowsPerBadRow);
        return bad.Open - accepted > most
            ? await TripAsync(events, bad.Total, TooMany(run, backfill, bad), cancellationToken)
            : null;
    }

    /// <summary>The rows of the step in quarantine, on all shards.</summary>
    public static async Task<QuarantineCount> CountAsync(StepRun run, string? step, CancellationToken cancellationToken)
    {
        var sum = new QuarantineCount(0, 0, null);
        foreach (var shard in run.Target.Shards)
        {
            try
            {
                var here = await QuarantineTable.CountAsync(shard.DataSource, run.Migration, step, cancellationToken);
                sum = new QuarantineCount(sum.Open + here.Open, sum.Waived + here.Waived, sum.Example ?? here.Example);
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return sum;
    }

    private static async Task<StepOutcome.Failed> TripAsync(
        ProgressEvents events, long bad, StepOutcome.Failed failed, CancellationToken cancellationToken)
    {
        await events.TripAsync(failed.Code, failed.Reason, bad, cancellationToken);
        return failed;
    }

    private static StepOutcome.Failed Failing(StepRun run, BatchFailure worst) => worst.CanNotWork
        ? new StepOutcome.Failed(
            "BACKFILL_STATEMENT_FAILED",
            $"the backfill's statement can't work in the target: {worst.Last}",
            $"No row is at fault. Give the worker's role the right, or the target the object, that the message names, and run "
            + $"'coordinator retry {run.Migration}'; or 'coordinator rollback {run.Migration}'.")
        : new StepOutcome.Failed(
            "BACKFILL_KEEPS_FAILING",
            string.Create(CultureInfo.InvariantCulture, $"a batch failed {worst.Times} times in a row: {worst.Last}"),
            $"Remove the cause that the message names and run 'coordinator retry {run.Migration}'; or 'coordinator rollback {run.Migration}'.");

    private static StepOutcome.Failed TooMany(StepRun run, PlanStep.Backfill backfill, QuarantineCount bad) => new(
        "TOO_MANY_BAD_ROWS",
        string.Create(
            CultureInfo.InvariantCulture, $"{bad.Open} rows of {backfill.Table} could not be filled; the first: {Describe(bad.Example)}"),
        $"Look at them with 'coordinator quarantine list {run.Migration}'. If the rest should be filled all the same, run "
        + $"'coordinator retry {run.Migration}'; if the statement is wrong, 'coordinator rollback {run.Migration}'.");

    private static string Describe(QuarantinedRow? row) => row is null ? "" : $"{row.Key}: {row.Message} ({row.SqlState})";
}

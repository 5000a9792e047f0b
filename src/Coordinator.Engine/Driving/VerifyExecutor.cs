using Coordinator.Domain.Plans;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Quarantine;
using Coordinator.Postgres.Verification;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>Proves that no row is wrong, on every shard, in short statements that hold no snapshot.</summary>
internal sealed class VerifyExecutor : IStepExecutor
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        await run.Activity.SayAsync($"verifying {((PlanStep.Verify)run.Step).Table}", cancellationToken);
        if (await StillWrongAsync(run, cancellationToken) is { } wrong)
        {
            return wrong;
        }

        var known = await BackfillBreaker.CountAsync(run, step: null, cancellationToken);
        return StepOutcome.Done(("rows_wrong", 0), ("rows_quarantined", known.Total), ("shards", run.Target.Shards.Count));
    }

    /// <summary>The failure if a row is wrong, else null.</summary>
    public static async Task<StepOutcome?> StillWrongAsync(StepRun run, CancellationToken cancellationToken)
    {
        var verify = (PlanStep.Verify)run.Step;
        foreach (var shard in run.Target.Shards)
        {
            try
            {
                var (count, samples) = await CountAsync(run.Migration, shard, verify, cancellationToken);
                if (count > 0)
                {
                    return new StepOutcome.Failed(
                        "VERIFICATION_FAILED",
                        $"{count} row(s) of {verify.Table} on shard '{shard.Name}' are wrong{samples}",
                        "Look at those rows: a writer may bypass the trigger (session_replication_role, logical replication). "
                        + "Correct them and run 'coordinator retry', or 'coordinator rollback'.");
                }
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return null;
    }

    private static async Task<(long Count, string Samples)> CountAsync(
        string migration, TargetShard shard, PlanStep.Verify verify, CancellationToken cancellationToken)
    {
        if (verify.Disagree is { } disagree)
        {
            long count = 0;
            var samples = "";
            foreach (var table in await TablesAsync(shard, verify, cancellationToken))
            {
                var report = await DisagreementScan.RunOutsideQuarantineAsync(
                    shard.DataSource, table.Schema, table.Name, disagree, migration, cancellationToken);
                count += report.Count;
                if (samples.Length == 0 && report.Samples.Count > 0)
                {
                    samples = $", for example in {table} at ctid {string.Join(", ", report.Samples)}";
                }
            }

            return (count, samples);
        }

        if (verify.CountQuery is not { } query)
        {
            return (0, "");
        }

        // A query of the operator's own can't be told which rows are known: only what goes beyond their number is news.
        var wrong = await CountByQueryAsync(shard, query, verify.CountsRange, cancellationToken);
        var known = wrong == 0 ? 0 : (await QuarantineTable.CountAsync(shard.DataSource, migration, step: null, cancellationToken)).Total;
        return wrong <= known ? (0, "") : (wrong - known, known == 0 ? "" : $", beside {known} in quarantine");
    }

    private static async Task<IReadOnlyList<TableRef>> TablesAsync(
        TargetShard shard, PlanStep.Verify verify, CancellationToken cancellationToken) =>
        verify.PerPartition ? await Partitions.OfAsync(shard, verify.Table, cancellationToken) : [verify.Table];

    private static async Task<long> CountByQueryAsync(
        TargetShard shard, string query, bool countsRange, CancellationToken cancellationToken)
    {
        await using var connection = await shard.DataSource.OpenConnectionAsync(cancellationToken);
        // The operator's own query: it may read and nothing else.
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using (var readOnly = new NpgsqlCommand("set transaction read only", connection))
        {
            await readOnly.ExecuteNonQueryAsync(cancellationToken);
        }

#pragma warning disable CA2100 // SQL comes only from operators; it was checked by the target's parser when it was planned.
        await using var count = new NpgsqlCommand(query, connection);
#pragma warning restore CA2100
        if (countsRange)
        {
            count.Parameters.Add(new NpgsqlParameter<NpgsqlTypes.NpgsqlTid> { TypedValue = new NpgsqlTypes.NpgsqlTid(0, 0) });
            count.Parameters.Add(new NpgsqlParameter<NpgsqlTypes.NpgsqlTid> { TypedValue = new NpgsqlTypes.NpgsqlTid(uint.MaxValue, 0) });
        }

        return Convert.ToInt64(await count.ExecuteScalarAsync(cancellationToken), System.Globalization.CultureInfo.InvariantCulture);
    }
}

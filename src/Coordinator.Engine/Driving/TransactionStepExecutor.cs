using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;
using Npgsql;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Runs the steps that are one transaction of catalogue changes: expand and contract DDL, triggers, the way back. Each
/// runs on every shard, and on each exactly once: a marker in the same transaction tells a repeat after a crash.
/// </summary>
internal sealed class TransactionStepExecutor(DdlRunner ddl) : IStepExecutor
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var work = TransactionWork.Of(run);
        var attempts = 0;
        foreach (var shard in run.Target.Shards)
        {
            var (failed, tries) = await RunOnAsync(run, work, shard, cancellationToken);
            if (failed is not null)
            {
                return failed;
            }

            attempts += tries;
        }

        return StepOutcome.Done(("shards", run.Target.Shards.Count), ("attempts", attempts));
    }

    private async Task<(StepOutcome.Failed? Failed, int Attempts)> RunOnAsync(
        StepRun run, TransactionWork work, TargetShard shard, CancellationToken cancellationToken)
    {
        try
        {
            if (work.Undoes.Count > 0 && !await IsAnyAppliedAsync(shard, run.Migration, work.Undoes, cancellationToken))
            {
                return (null, 0);
            }

            var applied = await IsAnyAppliedAsync(shard, run.Migration, [run.Step.Id], cancellationToken);
            if (!applied
                && await CheckRunner.FirstProblemAsync(shard.DataSource, work.Before, cancellationToken) is { } before)
            {
                return (Drifted(shard, before), 0);
            }

            await using var progress = new ActivityProgress(run.Activity, shard, cancellationToken);
            var outcome = await ddl.RunAsync(
                shard.DataSource,
                new DdlStep
                {
                    Migration = run.Migration,
                    Step = run.Step.Id,
                    LockTable = work.Table is null ? null : new TableName(work.Table.Schema, work.Table.Name),
                    LockMode = work.LockMode,
                    Guards = await work.Guards(shard, cancellationToken),
                    Statements = work.Statements,
                    InFunction = work.InFunction,
                },
                new DdlBudget(),
                progress,
                cancellationToken);
            return await CheckRunner.FirstProblemAsync(shard.DataSource, work.After, cancellationToken) is { } after
                ? (Drifted(shard, after), outcome.Attempts)
                : (null, outcome.Attempts);
        }
        catch (DdlFailedException refused)
        {
            return (Refused(shard, refused), 0);
        }
        catch (Exception exception) when (TargetUnavailableException.Means(exception))
        {
            throw new TargetUnavailableException(shard, exception);
        }
    }

    /// <summary>A statement or a guard failed; nothing of the step is left on that shard.</summary>
    public static StepOutcome.Failed Refused(TargetShard shard, DdlFailedException refused) => new(
        refused.GuardFailed ? "GUARD_REFUSED" : "DDL_FAILED",
        $"shard '{shard.Name}': {refused.Message} ({refused.SqlState})",
        "Nothing was changed on that shard. Remove the cause and run 'coordinator retry', or 'coordinator rollback'.");

    /// <summary>Whether one of the steps has committed on that shard, by its marker.</summary>
    public static async Task<bool> IsAnyAppliedAsync(
        TargetShard shard, string migration, IReadOnlyList<string> steps, CancellationToken cancellationToken)
    {
        await using var command = shard.DataSource.CreateCommand(
            "select exists (select from coordinator.applied_step where migration = $1 and step = any($2))");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = migration });
        command.Parameters.Add(new NpgsqlParameter<string[]> { TypedValue = [.. steps] });
        return (bool)(await command.ExecuteScalarAsync(cancellationToken))!;
    }

    private static StepOutcome.Failed Drifted(TargetShard shard, string problem) => new(
        "CATALOGUE_DRIFT",
        $"shard '{shard.Name}' is not as this migration left or needs it: {problem}",
        "Somebody changed the table meanwhile. Put it back as the message says and run 'coordinator retry', or 'coordinator rollback'.");
}

using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Quarantine;
using Coordinator.Engine.Targets;
using Coordinator.EventStore.Listening;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Validates a constraint, on every shard: it scans, but under a lock that lets reads and writes go on. While rows that could
/// not be filled are known to break it, it waits for somebody to put them right.
/// </summary>
internal sealed class ValidateExecutor(ConstraintValidator validator, MigrationStream stream, AppendListener appended) : IStepExecutor
{
    // Rows are put right by the application too, which tells nobody.
    private static readonly TimeSpan LookInterval = TimeSpan.FromSeconds(2);

    private static readonly RequestContext Driver = new("coordinator");

    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var step = (PlanStep.ValidateConstraint)run.Step;
        await WaitForRowsAsync(run, step, cancellationToken);
        foreach (var shard in run.Target.Shards)
        {
            try
            {
                await using var progress = new ActivityProgress(run.Activity, shard, cancellationToken);
                await validator.RunAsync(
                    shard.DataSource,
                    new ConstraintValidation(new TableName(step.Table.Schema, step.Table.Name), step.Constraint, step.Statement),
                    new DdlBudget(),
                    progress,
                    cancellationToken);
            }
            catch (DdlFailedException refused)
            {
                return TransactionStepExecutor.Refused(shard, refused);
            }
            catch (Exception exception) when (TargetUnavailableException.Means(exception))
            {
                throw new TargetUnavailableException(shard, exception);
            }
        }

        return StepOutcome.Done(("constraint", step.Constraint), ("shards", run.Target.Shards.Count));
    }

    private async Task WaitForRowsAsync(StepRun run, PlanStep.ValidateConstraint step, CancellationToken cancellationToken)
    {
        while (true)
        {
            var seen = appended.Current;
            var blockers = await UnfilledRows.BlockersAsync(run, step.Table, step.Constraint, cancellationToken);
            await stream.ExecuteAsync(
                run.Migration, new MigrationCommand.BlockStep(step.Id, blockers), Driver, enlist: null, cancellationToken);
            if (blockers.Count == 0)
            {
                return;
            }

            await run.Activity.SayAsync($"waits for {blockers[0].Message}", cancellationToken);
            await appended.WaitAsync(seen, LookInterval, cancellationToken);
        }
    }
}

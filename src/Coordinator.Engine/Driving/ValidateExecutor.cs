using Coordinator.Domain.Plans;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;

namespace Coordinator.Engine.Driving;

/// <summary>Validates a constraint, on every shard: it scans, but under a lock that lets reads and writes go on.</summary>
internal sealed class ValidateExecutor(ConstraintValidator validator) : IStepExecutor
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var step = (PlanStep.ValidateConstraint)run.Step;
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
}

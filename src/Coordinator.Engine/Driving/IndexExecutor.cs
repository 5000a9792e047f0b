using Coordinator.Domain.Plans;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;

namespace Coordinator.Engine.Driving;

/// <summary>Builds an index concurrently, on every shard; an invalid leftover of an earlier try is dropped first.</summary>
internal sealed class IndexExecutor(ConcurrentIndexRunner indexes) : IStepExecutor
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        var step = (PlanStep.CreateIndex)run.Step;
        foreach (var shard in run.Target.Shards)
        {
            try
            {
                await using var progress = new ActivityProgress(run.Activity, shard, cancellationToken);
                await indexes.CreateAsync(
                    shard.DataSource,
                    new ConcurrentIndex(new TableName(step.Table.Schema, step.Table.Name), step.IndexName, step.Statement),
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

        return StepOutcome.Done(("index", step.IndexName), ("shards", run.Target.Shards.Count));
    }
}

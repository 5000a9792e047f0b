using Coordinator.Domain.Plans;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Ledger;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Runs a contract step: closes the fence, so that no batch commits any more; verifies once more, so that the transaction
/// itself scans nothing; then one transaction that checks everything again and drops what is old.
/// </summary>
internal sealed class ContractExecutor(MigrationFence fence, TransactionStepExecutor transaction)
    : IStepExecutor
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        await run.Activity.SayAsync("closing the fence: no batch may commit any more", cancellationToken);
        await fence.HoldAsync(run.Plan.Spec.Target, run.Migration, FenceMode.Closed, cancellationToken);
        var untouched = run with { Target = run.Target with { Shards = await UntouchedAsync(run, cancellationToken) } };
        foreach (var step in run.Plan.Steps.OfType<PlanStep.Verify>())
        {
            if (await VerifyExecutor.StillWrongAsync(untouched with { Step = step }, cancellationToken) is { } wrong)
            {
                return wrong;
            }
        }

        await run.Activity.SayAsync("dropping the old structure", cancellationToken);
        return await transaction.RunAsync(run, cancellationToken);
    }

    // Where a contract step has committed, there is no old structure left to compare with: after a crash before the
    // step's event, and for the contract steps behind the first.
    private static async Task<IReadOnlyList<TargetShard>> UntouchedAsync(StepRun run, CancellationToken cancellationToken)
    {
        List<string> contracts = [.. run.Plan.Steps.OfType<PlanStep.Contract>().Select(step => step.Id)];
        var shards = new List<TargetShard>();
        foreach (var shard in run.Target.Shards)
        {
            if (!await TransactionStepExecutor.IsAnyAppliedAsync(shard, run.Migration, contracts, cancellationToken))
            {
                shards.Add(shard);
            }
        }

        return shards;
    }
}

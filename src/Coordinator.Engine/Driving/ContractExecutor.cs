using Coordinator.Domain.Plans;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;
using Coordinator.Engine.Verification;
using Coordinator.Postgres.Ledger;

namespace Coordinator.Engine.Driving;

/// <summary>
/// Runs a contract step: closes the fence, so that no batch commits any more; verifies once more what the last verification does not
/// answer for, so that the transaction itself scans nothing; then one transaction that checks everything again and drops what is old.
/// </summary>
internal sealed class ContractExecutor(
    MigrationFence fence, TransactionStepExecutor transaction, StepVerifier verifier, VerificationStore store, EngineOptions options)
    : IStepExecutor
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        await run.Activity.SayAsync("closing the fence: no batch may commit any more", cancellationToken);
        await fence.HoldAsync(run.Plan.Spec.Target, run.Migration, FenceMode.Closed, cancellationToken);
        var untouched = run with { Target = run.Target with { Shards = await UntouchedAsync(run, cancellationToken) } };
        var verified = new List<VerifiedTable>();
        foreach (var step in run.Plan.Steps.OfType<PlanStep.Verify>())
        {
            var (wrong, evidence) = await VerifiedAsync(untouched, step, cancellationToken);
            if (wrong is not null)
            {
                return wrong;
            }

            if (evidence.Guarded && VerificationEvidence.TriggerOf(run.Plan, step) is { } trigger)
            {
                verified.AddRange(evidence.Shards.Keys.Select(
                    shard => new VerifiedTable(shard, step.Table, trigger, evidence.HashOf(shard))));
            }
        }

        await run.Activity.SayAsync("dropping the old structure", cancellationToken);
        return await transaction.RunAsync(run with { Verified = verified }, cancellationToken);
    }

    private async Task<(StepOutcome.Failed? Wrong, VerificationEvidence Evidence)> VerifiedAsync(
        StepRun run, PlanStep.Verify step, CancellationToken cancellationToken)
    {
        var (rows, now) = await store.ReadAsync(run.Migration, cancellationToken);
        var row = rows.FirstOrDefault(row => row.Step == step.Id);
        var evidence = await VerificationEvidence.ReadAsync(run.Plan, step, run.Target.Shards, cancellationToken);
        if (run.Target.Shards.Count == 0 || !VerificationRule.IsDueBeforeContract(row, now, evidence, options))
        {
            return (null, evidence);
        }

        await run.Activity.SayAsync($"verifying {step.Table} once more", cancellationToken);
        var result = await verifier.RunAsync(run, step, run.Activity.SayAsync, cancellationToken);
        return (result.Differences == 0 ? null : VerifyExecutor.Failed(VerificationText.DifferencesFound, step, result, "Correct them and"), result.Evidence);
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

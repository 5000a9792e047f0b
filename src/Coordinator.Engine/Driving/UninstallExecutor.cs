using Coordinator.Engine.Migrations;
using Coordinator.Postgres.Ledger;

namespace Coordinator.Engine.Driving;

/// <summary>Runs a step of the way back: behind a closed fence, and only when no instance of a new version is left.</summary>
internal sealed class UninstallExecutor(MigrationFence fence, RollbackGate gate, TransactionStepExecutor transaction)
    : IStepExecutor
{
    public async Task<StepOutcome> RunAsync(StepRun run, CancellationToken cancellationToken)
    {
        await fence.HoldAsync(run.Plan.Spec.Target, run.Migration, FenceMode.Closed, cancellationToken);
        await gate.WaitAsync(run, cancellationToken);
        await run.Activity.SayAsync("rolling back: dropping the new structure", cancellationToken);
        return await transaction.RunAsync(run, cancellationToken);
    }
}

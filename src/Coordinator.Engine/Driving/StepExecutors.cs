using Coordinator.Domain.Plans;

namespace Coordinator.Engine.Driving;

/// <summary>Which executor a kind of step has.</summary>
internal sealed class StepExecutors(
    TransactionStepExecutor transaction,
    IndexExecutor index,
    ValidateExecutor validate,
    BackfillExecutor backfill,
    VerifyExecutor verify,
    GateExecutor gate,
    ContractExecutor contract,
    UninstallExecutor uninstall)
{
    public IStepExecutor For(PlanStep step) => step switch
    {
        PlanStep.Ddl or PlanStep.InstallSync or PlanStep.InstallFill => transaction,
        PlanStep.CreateIndex => index,
        PlanStep.ValidateConstraint => validate,
        PlanStep.Backfill => backfill,
        PlanStep.Verify => verify,
        PlanStep.Gate => gate,
        PlanStep.Contract => contract,
        PlanStep.Uninstall => uninstall,
        _ => throw new ArgumentOutOfRangeException(nameof(step), step.GetType().Name, "A plan of a newer Coordinator."),
    };
}

using Coordinator.Domain.Plans;

namespace Coordinator.Domain.Operations;

/// <summary>The steps of one operation by phase; the compiler interleaves those of several.</summary>
internal sealed record OperationPlan
{
    public IReadOnlyList<PlanStep> Expand { get; init; } = [];

    public IReadOnlyList<PlanStep> Migrate { get; init; } = [];

    public PlanStep.Contract? Contract { get; init; }

    public PlanStep.Uninstall? Rollback { get; init; }

    public IReadOnlyList<string> Warnings { get; init; } = [];
}

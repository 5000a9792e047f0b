using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Plans;

/// <summary>What compiling a spec gives: a plan, or everything that stands against it.</summary>
public abstract record PlanResult
{
    private PlanResult()
    {
    }

    public sealed record Compiled(MigrationPlan Plan) : PlanResult;

    public sealed record Refused(IReadOnlyList<SpecError> Errors) : PlanResult;
}

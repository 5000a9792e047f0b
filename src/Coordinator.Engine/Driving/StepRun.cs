using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Targets;

namespace Coordinator.Engine.Driving;

/// <summary>One run of one step: what it belongs to, where it happens, and how to say what it waits for.</summary>
internal sealed record StepRun(MigrationState State, PlanStep Step, Target Target, MigrationActivity Activity)
{
    /// <summary>For a contract step: the tables whose last verification it rests on.</summary>
    public IReadOnlyList<VerifiedTable> Verified { get; init; } = [];

    public string Migration => State.Name;

    public MigrationPlan Plan => State.Plan!;
}

using Coordinator.Domain.Specs;

namespace Coordinator.Domain.Plans;

/// <summary>
/// A compiled migration: every step with its SQL, decided once against the target's catalogue. Stored whole in the event log, so that
/// what an operator approved is what runs.
/// </summary>
public sealed record MigrationPlan
{
    public const int CurrentFormatVersion = 1;

    public required int FormatVersion { get; init; }

    public required MigrationSpec Spec { get; init; }

    /// <summary>In order: expand, migrate, the gate, contract.</summary>
    public required IReadOnlyList<PlanStep> Steps { get; init; }

    /// <summary>The way back, last operation first. Possible until the first contract step starts.</summary>
    public required IReadOnlyList<PlanStep> RollbackSteps { get; init; }

    /// <summary>What the operator should know although it does not stop the plan.</summary>
    public IReadOnlyList<string> Warnings { get; init; } = [];

    /// <summary>SHA-256 of the spec in canonical form, in hexadecimal.</summary>
    public string SpecHash { get; init; } = "";
}

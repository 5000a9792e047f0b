namespace Coordinator.Domain.Migrations;

/// <summary>Where one step stands. <paramref name="Attempt"/> counts from 1; 0 when it was never started.</summary>
public sealed record StepState(
    StepStatus Status,
    int Attempt,
    string? FailureReason = null,
    string? FailureCode = null,
    string? FailureRemedy = null)
{
    public static StepState Initial { get; } = new(StepStatus.Pending, 0);
}

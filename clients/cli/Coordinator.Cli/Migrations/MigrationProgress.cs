using Coordinator.V1;
using StepState = Coordinator.V1.Step.Types.State;

namespace Coordinator.Cli.Migrations;

/// <summary>What a waiting command makes of a migration: go on, or end and how.</summary>
internal static class MigrationProgress
{
    private const string ApprovalMissing = "APPROVAL_MISSING";

    /// <summary>Where somebody who waits for this migration wants it to arrive.</summary>
    public static Migration.Types.State GoalOf(Migration migration) =>
        migration.State is Migration.Types.State.RollingBack or Migration.Types.State.RolledBack
            ? Migration.Types.State.RolledBack
            : Migration.Types.State.Completed;

    public static bool HasEnded(Migration migration) => migration.State is Migration.Types.State.Completed
        or Migration.Types.State.RolledBack
        or Migration.Types.State.Cancelled;

    public static Step? FailedStep(Migration migration) =>
        migration.Steps.FirstOrDefault(static step => step.State == StepState.Failed);

    /// <summary>Why nothing will go on without somebody; null when it goes on, or waits for something that others do anyway.</summary>
    public static string? NeedsPerson(Migration migration)
    {
        var name = ResourceName.Last(migration.Name);
        return migration switch
        {
            _ when HasEnded(migration) => null,
            _ when FailedStep(migration) is { } step =>
                $"step {step.Id} failed: {step.FailureMessage}. 'coordinator retry {name}' tries it again, 'coordinator rollback {name}' takes everything back.",
            { State: Migration.Types.State.Paused } => $"it is paused. 'coordinator resume {name}' lets it go on.",
            { State: Migration.Types.State.Planned } => $"it is planned, not started. 'coordinator start {name}' starts it.",
            _ when migration.Blockers.Any(static b => b.Code == ApprovalMissing) =>
                $"it waits for an approval. 'coordinator approve {name}' gives it.",
            _ => null,
        };
    }

    /// <summary>The step that is being done, or is next.</summary>
    public static Step? CurrentStep(Migration migration) =>
        FailedStep(migration) ?? migration.Steps.FirstOrDefault(static step => step.State != StepState.Completed);
}

using Coordinator.Domain.Migrations;
using Coordinator.Engine.Migrations;

namespace Coordinator.Server.Mapping;

/// <summary>What a migration does now, or what it waits for, in one sentence: the first thing that anybody wants to know.</summary>
internal static class StatusSentence
{
    private const int ShownBlockers = 3;

    public static string Of(MigrationView view)
    {
        var state = view.State;
        return state.Status switch
        {
            MigrationStatus.Planned => "Planned and not started: the target is untouched.",
            MigrationStatus.Paused => Sentence(
                string.IsNullOrWhiteSpace(state.PauseReason) ? "Paused" : $"Paused: {state.PauseReason}"),
            MigrationStatus.RolledBack => "Rolled back: the new structure is gone, the old one stands as before.",
            MigrationStatus.Completed => "Completed: the old structure is gone.",
            MigrationStatus.Cancelled => "Cancelled before it touched the target.",
            _ => Sentence(Under(view)),
        };
    }

    private static string Under(MigrationView view)
    {
        var state = view.State;
        var prefix = state.IsRollingBack ? "Rolling back: " : "";
        if (state.ActiveSteps.FirstOrDefault(step => state.Step(step.Id).Status is StepStatus.Failed) is { } failed)
        {
            return $"{prefix}step {failed.Id} failed: {state.Step(failed.Id).FailureReason}";
        }

        return state.Blockers.Count > 0 ? $"{prefix}waits for {Blockers(state.Blockers)}"
            : view.Activity.Length > 0 ? $"{prefix}{view.Activity}"
            : state.NextStep is { } next ? $"{prefix}{next.Description}"
            : $"{prefix}finishing";
    }

    private static string Blockers(IReadOnlyList<Blocker> blockers)
    {
        var shown = string.Join("; ", blockers.Take(ShownBlockers).Select(blocker => $"{blocker.Subject} ({blocker.Message})"));
        return blockers.Count > ShownBlockers ? $"{shown}; and {blockers.Count - ShownBlockers} more" : shown;
    }

    private static string Sentence(string text)
    {
        var trimmed = text.Trim();
        var capital = char.ToUpperInvariant(trimmed[0]) + trimmed[1..];
        return capital[^1] is '.' or '!' or '?' ? capital : capital + ".";
    }
}

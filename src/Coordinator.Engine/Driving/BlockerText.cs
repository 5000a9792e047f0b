using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Driving;

/// <summary>Blockers in one sentence.</summary>
internal static class BlockerText
{
    private const int Shown = 3;

    public static string Summary(IReadOnlyList<Blocker> blockers)
    {
        var first = string.Join("; ", blockers.Take(Shown).Select(blocker => $"{blocker.Subject}: {blocker.Message}"));
        return blockers.Count > Shown ? $"{first}; and {blockers.Count - Shown} more" : first;
    }
}

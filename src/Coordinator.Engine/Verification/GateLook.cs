using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Verification;

/// <summary>What verification says to a gate.</summary>
/// <param name="Blockers">Rows that differ; they keep the contract waiting.</param>
/// <param name="Busy">What is being verified and must be done before the gate goes on; null when nothing is.</param>
/// <param name="VerifiedAt">When the oldest of the passes ended that the gate goes on with; null without any.</param>
internal sealed record GateLook(IReadOnlyList<Blocker> Blockers, string? Busy, DateTimeOffset? VerifiedAt)
{
    /// <summary>Nothing speaks against going on.</summary>
    public bool IsClear => Blockers.Count == 0 && Busy is null;
}

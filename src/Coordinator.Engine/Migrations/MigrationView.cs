using Coordinator.Domain.Migrations;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Verification;

namespace Coordinator.Engine.Migrations;

/// <summary>A migration with what stands beside its events: progress and what its driver does now.</summary>
public sealed record MigrationView(
    MigrationState State,
    long Revision,
    string Activity,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? UpdatedAt,
    DateTimeOffset? EndedAt,
    IReadOnlyList<BackfillProgress> Backfills)
{
    /// <summary>Its verify steps, those of which a pass was begun.</summary>
    public IReadOnlyList<VerificationRow> Verifications { get; init; } = [];
}

using Coordinator.Domain.Migrations;
using Coordinator.Engine.Leasing;

namespace Coordinator.Engine.Migrations;

/// <summary>A migration with what stands beside its events: progress and what its driver does now.</summary>
public sealed record MigrationView(
    MigrationState State,
    long Revision,
    string Activity,
    DateTimeOffset? CreatedAt,
    DateTimeOffset? UpdatedAt,
    DateTimeOffset? EndedAt,
    IReadOnlyList<BackfillProgress> Backfills);

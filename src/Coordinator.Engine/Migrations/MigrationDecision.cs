using Coordinator.Domain.Migrations;

namespace Coordinator.Engine.Migrations;

/// <summary>What a command led to: the state it was decided on, the events (none for a repeat), the version reached.</summary>
internal sealed record MigrationDecision(MigrationState Before, IReadOnlyList<MigrationEvent> Events, long Version)
{
    /// <summary>False for a repeat: what was asked for was already so.</summary>
    public bool Changed => Events.Count > 0;
}

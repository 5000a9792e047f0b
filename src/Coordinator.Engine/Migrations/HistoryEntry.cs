using Coordinator.EventStore;

namespace Coordinator.Engine.Migrations;

/// <summary>One line of a migration's history.</summary>
/// <param name="Event">What happened.</param>
/// <param name="Backfill">The step of the backfill that it happened to; empty for the migration itself.</param>
public sealed record HistoryEntry(IEvent Event, string Backfill);

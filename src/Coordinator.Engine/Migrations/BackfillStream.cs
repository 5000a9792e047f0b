using Coordinator.Domain.Backfills;
using Coordinator.EventStore;

namespace Coordinator.Engine.Migrations;

/// <summary>The events of one backfill. The driver and operators append to them, each expecting the version that it decided on.</summary>
internal static class BackfillStream
{
    public static string Key(string migration, string step) => $"backfill-{migration}-{step}";

    /// <summary>The backfill now and its version; version 0 when it has not begun.</summary>
    public static async Task<(BackfillState State, long Version)> LoadAsync(
        IEventStore store, string migration, string step, CancellationToken cancellationToken)
    {
        var aggregate = await store.Query.AggregateStreamAsync<BackfillState>(
            Key(migration, step), cancellationToken: cancellationToken);
        return aggregate is null ? (BackfillState.Initial, 0) : (aggregate.State, aggregate.Version);
    }
}

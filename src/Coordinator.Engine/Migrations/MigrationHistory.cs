using Coordinator.Domain.Backfills;
using Coordinator.Domain.Migrations;
using Coordinator.Domain.Plans;
using Coordinator.EventStore;
using Npgsql;

namespace Coordinator.Engine.Migrations;

/// <summary>
/// What happened to a migration and its backfills, in the order in which it was recorded. Of a backfill it has what people
/// decided (settings, retries, waivers) and what stopped it; how far it came is no history.
/// </summary>
internal sealed class MigrationHistory(CoordinationDatabase database, IEventStore store)
{
    /// <summary>All of it; empty when there is no such migration.</summary>
    public async Task<IReadOnlyList<HistoryEntry>> ReadAsync(string migration, CancellationToken cancellationToken)
    {
        var own = await store.Query.FetchStreamAsync(MigrationStream.Key(migration), cancellationToken: cancellationToken);
        var entries = own.Select(recorded => new HistoryEntry(recorded, "")).ToList();
        foreach (var step in await BackfillsAsync(migration, own, cancellationToken))
        {
            var events = await store.Query.FetchStreamAsync(BackfillStream.Key(migration, step), cancellationToken: cancellationToken);
            entries.AddRange(events.Where(recorded => IsHistory(recorded.Data)).Select(recorded => new HistoryEntry(recorded, step)));
        }

        return [.. entries.OrderBy(entry => entry.Event.Sequence)];
    }

    private static bool IsHistory(object data) => data
        is BackfillEvent.Tuned or BackfillEvent.RowsWaived or BackfillEvent.RowsRetried or BackfillEvent.RowsQuarantined
        or BackfillEvent.BreakerTripped or BackfillEvent.Paused or BackfillEvent.Resumed or BackfillEvent.Restarted;

    // A partitioned table has a backfill for each partition, which the plan does not know.
    private async Task<IEnumerable<string>> BackfillsAsync(
        string migration, IReadOnlyList<IEvent> events, CancellationToken cancellationToken)
    {
        var steps = events.Select(recorded => recorded.Data).OfType<MigrationEvent.Planned>()
            .SelectMany(planned => planned.Plan.Steps).OfType<PlanStep.Backfill>().Select(step => step.Id).ToHashSet(StringComparer.Ordinal);
        await using var command = database.DataSource.CreateCommand("select distinct step from coordinator.backfill where migration = $1");
        command.Parameters.Add(new NpgsqlParameter<string> { TypedValue = migration });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            steps.Add(reader.GetString(0));
        }

        return steps.Order(StringComparer.Ordinal);
    }
}

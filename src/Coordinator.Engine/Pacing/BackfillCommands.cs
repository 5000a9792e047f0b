using Coordinator.Domain;
using Coordinator.Domain.Backfills;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Requests;
using Coordinator.EventStore;
using Coordinator.EventStore.Appending;

namespace Coordinator.Engine.Pacing;

/// <summary>What operators order of a backfill that runs. Idempotent by request id, and recorded with who gave it.</summary>
public sealed class BackfillCommands(IEventStore store, RequestStore requests)
{
    // The driver appends progress every few seconds; more conflicts in a row than this are something else.
    private const int MaxAttempts = 10;

    /// <summary>Changes settings: in force with the next grant of any replica.</summary>
    /// <exception cref="EngineException">The domain refused: <c>BACKFILL_NOT_FOUND</c>, <c>BACKFILL_TUNING_INVALID</c>, <c>BACKFILL_FINISHED</c>.</exception>
    public async Task TuneAsync(
        string migration, string step, BackfillCommand.Tune tune, RequestContext context, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(tune);
        ArgumentNullException.ThrowIfNull(context);
        var order = new Order(migration, step, tune);
        if (await requests.FindAsync(context.RequestId, order, cancellationToken) is not null)
        {
            return;
        }

        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await TryTuneAsync(order, context, cancellationToken);
                return;
            }
            catch (ConcurrencyException) when (attempt < MaxAttempts)
            {
                // Progress was recorded meanwhile; the settings are decided again.
            }
        }
    }

    private async Task TryTuneAsync(Order order, RequestContext context, CancellationToken cancellationToken)
    {
        var (state, version) = await BackfillStream.LoadAsync(store, order.Migration, order.Step, cancellationToken);
        var decision = BackfillDecider.Decide(order.Tune, state);
        if (decision is Decision<BackfillEvent>.Rejected rejected)
        {
            throw new EngineException(rejected.Rejection);
        }

        var events = ((Decision<BackfillEvent>.Accepted)decision).Events;
        await using var session = store.OpenSession(MigrationStream.Metadata(context));
        if (events.Count > 0)
        {
            session.AppendExpecting<BackfillState>(BackfillStream.Key(order.Migration, order.Step), version, [.. events]);
        }

        session.Enlist(PaceStatements.Settings(
            order.Migration, order.Step, events.Aggregate(state, (current, happened) => current.Evolve(happened))));
        if (RequestStore.Record(context.RequestId, order, version + events.Count) is { } record)
        {
            session.Enlist(record);
        }

        await session.SaveChangesAsync(cancellationToken);
    }

    private sealed record Order(string Migration, string Step, BackfillCommand.Tune Tune);
}

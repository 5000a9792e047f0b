using Coordinator.Domain;
using Coordinator.Domain.Backfills;
using Coordinator.Engine.Migrations;
using Coordinator.Engine.Requests;
using Coordinator.EventStore;
using Coordinator.EventStore.Appending;
using Npgsql;
using NpgsqlTypes;

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

        session.Enlist(SettingsCommand(order, events.Aggregate(state, (current, happened) => current.Evolve(happened))));
        if (RequestStore.Record(context.RequestId, order, version + events.Count) is { } record)
        {
            session.Enlist(record);
        }

        await session.SaveChangesAsync(cancellationToken);
    }

    private static NpgsqlBatchCommand SettingsCommand(Order order, BackfillState state)
    {
        var command = new NpgsqlBatchCommand(
            """
            update coordinator.backfill_pace
            set max_wait = $3, max_parallel = $4, batch_rows = $5, pause_between = $6, quiet_hours = $7, check_sql = $8,
                -- the driver looks at the hours anew within a moment
                not_before = case when quiet_hours is distinct from $7 then null else not_before end
            where migration = $1 and step = $2
            """);
        command.Parameters.Add(new() { Value = order.Migration });
        command.Parameters.Add(new() { Value = order.Step });
        command.Parameters.Add(Optional(state.MaxWait, NpgsqlDbType.Interval));
        command.Parameters.Add(Optional(state.MaxParallel, NpgsqlDbType.Integer));
        command.Parameters.Add(Optional(state.BatchRows, NpgsqlDbType.Integer));
        command.Parameters.Add(Optional(state.PauseBetween, NpgsqlDbType.Interval));
        command.Parameters.Add(Optional(state.QuietHours, NpgsqlDbType.Text));
        command.Parameters.Add(Optional(state.Check, NpgsqlDbType.Text));
        return command;
    }

    private static NpgsqlParameter Optional(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    private sealed record Order(string Migration, string Step, BackfillCommand.Tune Tune);
}

using Coordinator.Domain;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Migrations;
using Coordinator.EventStore;
using Coordinator.EventStore.Appending;

namespace Coordinator.Engine.Driving;

/// <summary>The milestones of one backfill in the event log: opened, how far (every few seconds at most), finished.</summary>
internal sealed class ProgressEvents(IEventStore store, RequestContext driver, string migration, string step)
{
    private const string BySpecification = "the specification";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(5);
    private long _last;
    private long _quarantined;
    private long _lastQuarantined;
    private bool _recalled;
    private long? _heldAt;

    /// <summary>Records the plan of the backfill and the size of the pass that begins, once.</summary>
    public async Task OpenAsync(
        PlanStep.Backfill backfill,
        IReadOnlyDictionary<string, long> blocksByShard,
        BackfillSettings? settings,
        string? restartReason,
        Func<IEventSession, Task> enlist,
        CancellationToken cancellationToken)
    {
        await using var session = store.OpenSession(MigrationStream.Metadata(driver));
        var (state, version) = await LoadAsync(cancellationToken);
        List<BackfillCommand> commands = state.Status == BackfillStatus.None
            ?
            [
                new BackfillCommand.Plan(migration, step, backfill.Table, backfill.Statement, [.. blocksByShard.Keys]),
                new BackfillCommand.Start(blocksByShard),
                .. settings is null ? Array.Empty<BackfillCommand>() : [settings.ToTune(BySpecification)],
            ]
            : [new BackfillCommand.Restart(restartReason ?? "opened again", blocksByShard)];
        var after = Append(session, state, version, commands);
        await enlist(session);
        session.Enlist(PaceStatements.Settings(migration, step, after));
        await session.SaveChangesAsync(cancellationToken);
    }

    /// <summary>Records how far the backfill is, if the last record is old enough.</summary>
    public async Task SayAsync(BackfillProgress progress, CancellationToken cancellationToken)
    {
        if (_last != 0 && System.Diagnostics.Stopwatch.GetElapsedTime(_last) < Interval)
        {
            return;
        }

        _last = System.Diagnostics.Stopwatch.GetTimestamp();
        try
        {
            await OrderAsync(
                [new BackfillCommand.Progress(progress.Rows, progress.DoneBlocks, progress.TotalBlocks)], _ => { }, cancellationToken);
        }
        catch (ConcurrencyException)
        {
            // An operator tuned the backfill in the same moment; the next record says how far it is.
        }
    }

    /// <summary>Records that rows went into quarantine, the first ones at once, and then if the last record is old enough.</summary>
    public async Task QuarantinedAsync(long total, string firstError, CancellationToken cancellationToken)
    {
        if (total <= _quarantined
            || (_lastQuarantined != 0 && System.Diagnostics.Stopwatch.GetElapsedTime(_lastQuarantined) < Interval))
        {
            return;
        }

        await TellQuarantinedAsync(total, firstError, cancellationToken);
    }

    /// <summary>The same, however old the last record is: the backfill ends.</summary>
    public async Task TellQuarantinedAsync(long total, string firstError, CancellationToken cancellationToken)
    {
        var (state, _) = await LoadAsync(cancellationToken);
        if (total > state.Quarantined)
        {
            await OrderAsync(
                [new BackfillCommand.QuarantineRows(total - state.Quarantined, firstError)], _ => { }, cancellationToken);
        }

        _quarantined = total;
        _lastQuarantined = System.Diagnostics.Stopwatch.GetTimestamp();
    }

    /// <summary>
    /// Records that nothing can be written for now, or that something was written since. A try in between that finds it
    /// unchanged is no news.
    /// </summary>
    public async Task HeldAsync(string? why, long doneBlocks, CancellationToken cancellationToken)
    {
        if (!_recalled)
        {
            // A driver before this one may have recorded it.
            _heldAt = (await LoadAsync(cancellationToken)).State.Status == BackfillStatus.Paused ? doneBlocks : null;
            _recalled = true;
        }

        if (why is not null && _heldAt is null)
        {
            await OrderAsync([new BackfillCommand.Pause(why)], _ => { }, cancellationToken);
            _heldAt = doneBlocks;
        }
        else if (why is null && _heldAt < doneBlocks)
        {
            await OrderAsync([new BackfillCommand.Resume()], _ => { }, cancellationToken);
            _heldAt = null;
        }
    }

    /// <summary>Records that the backfill stopped itself.</summary>
    public Task TripAsync(string code, string reason, long quarantined, CancellationToken cancellationToken) =>
        OrderAsync([new BackfillCommand.Trip(code, reason, quarantined)], _ => { }, cancellationToken);

    /// <summary>The backfill as its events tell it.</summary>
    public async Task<BackfillState> StateAsync(CancellationToken cancellationToken) => (await LoadAsync(cancellationToken)).State;

    /// <summary>Records the end.</summary>
    public Task FinishAsync(
        long rows, long batches, Action<IEventSession> enlist, CancellationToken cancellationToken) =>
        OrderAsync([new BackfillCommand.Resume(), new BackfillCommand.Finish(rows, batches)], enlist, cancellationToken);

    private async Task OrderAsync(
        IReadOnlyList<BackfillCommand> commands, Action<IEventSession> enlist, CancellationToken cancellationToken)
    {
        await using var session = store.OpenSession(MigrationStream.Metadata(driver));
        var (state, version) = await LoadAsync(cancellationToken);
        Append(session, state, version, commands);
        enlist(session);
        await session.SaveChangesAsync(cancellationToken);
    }

    private Task<(BackfillState State, long Version)> LoadAsync(CancellationToken cancellationToken) =>
        BackfillStream.LoadAsync(store, migration, step, cancellationToken);

    private BackfillState Append(IEventSession session, BackfillState state, long version, IEnumerable<BackfillCommand> commands)
    {
        var events = new List<BackfillEvent>();
        foreach (var command in commands)
        {
            if (BackfillDecider.Decide(command, state) is Decision<BackfillEvent>.Accepted accepted)
            {
                state = accepted.Events.Aggregate(state, (current, happened) => current.Evolve(happened));
                events.AddRange(accepted.Events);
            }
        }

        if (events.Count > 0)
        {
            session.AppendExpecting<BackfillState>(BackfillStream.Key(migration, step), version, events);
        }

        return state;
    }
}

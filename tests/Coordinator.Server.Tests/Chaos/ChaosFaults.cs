using Grpc.Core;

namespace Coordinator.Server.Tests.Chaos;

/// <summary>
/// What is done to a run, one thing after the other: a deck of everything, shuffled by the seed, and shuffled again when it is
/// through. Frozen workers stay frozen meanwhile. The losses of the wire come on top.
/// </summary>
internal sealed class ChaosFaults(ChaosRun run)
{
    // Then the rest of the work may end in peace: a run is to end, and the sooner the more of them there can be.
    private const int MostFaults = 56;
    private const int MostFrozen = 3;

    private static readonly TimeSpan Moment = TimeSpan.FromMilliseconds(150);
    private static readonly TimeSpan LongestFreeze = TimeSpan.FromMilliseconds(1200);

    private readonly List<Task> _frozen = [];

    public async Task RunAsync()
    {
        var deck = new Queue<(string Name, Func<Task> DoAsync)>();
        for (var count = 0; count < MostFaults && !run.HasEnded; count++)
        {
            if (deck.Count == 0)
            {
                var cards = Deck().ToArray();
                run.Random.Shuffle(cards);
                deck = new(cards);
            }

            var (name, doAsync) = deck.Dequeue();
            run.Done[name] = run.Done.GetValueOrDefault(name) + 1;
            await doAsync();
            await run.AfterCommitsAsync(run.Random.Next(4), Moment);
        }

        await Task.WhenAll(_frozen);
    }

    private IEnumerable<(string, Func<Task>)> Deck() =>
    [
        .. Enumerable.Repeat<(string, Func<Task>)>(("freezes", FreezeAsync), 7),
        .. Enumerable.Repeat<(string, Func<Task>)>(("kills", KillAsync), 4),
        .. Enumerable.Repeat<(string, Func<Task>)>(("lapses", LapseAsync), 4),
        .. Enumerable.Repeat<(string, Func<Task>)>(("lost grants", LoseGrantsAsync), 3),
        .. Enumerable.Repeat<(string, Func<Task>)>(("forgotten reports", ForgetReportsAsync), 2),
        .. Enumerable.Repeat<(string, Func<Task>)>(("late messages", DeliverStraysAsync), 2),
        .. Enumerable.Repeat<(string, Func<Task>)>(("pauses", PauseAsync), 2),
        .. Enumerable.Repeat<(string, Func<Task>)>(("tunes", TuneAsync), 2),
        ("terminations in the target", () => run.Target.TerminateAsync(run.Random.Next(20, 80))),
        ("terminations of the coordinator", TerminateCoordinatorAsync),
        ("false reports", BelieveAsync),
        ("restarts", () => run.RestartServerAsync(overlapping: run.Random.Next(2) == 0)),
    ];

    /// <summary>
    /// A worker stops, and with it its session at some point of a batch, until its leases are somebody else's; then it goes
    /// on as if nothing had been.
    /// </summary>
    private async Task FreezeAsync()
    {
        if (_frozen.Count(freeze => !freeze.IsCompleted) >= MostFrozen || await BusyWorkerAsync() is not { } worker)
        {
            return;
        }

        var held = await HeldPoint.CloseAsync(run.Target.Database, worker.Id, Point());
        if (!await run.UntilAsync(held.IsReachedAsync, Moment))
        {
            await held.DisposeAsync();
            return;
        }

        worker.Freeze();
        _frozen.Add(ThawLaterAsync(worker, held, run.Random.Next(4), networkFirst: run.Random.Next(2) == 0));
    }

    private async Task ThawLaterAsync(ChaosWorker worker, HeldPoint held, int commits, bool networkFirst)
    {
        await run.UntilAsync(async () => !await HasLeaseAsync(worker), LongestFreeze);
        // Somebody else has its batch by now, or soon; and waits for it, or not.
        await run.AfterCommitsAsync(commits + 1, Moment * 2);
        if (networkFirst)
        {
            worker.Thaw();
        }

        await held.DisposeAsync();
        worker.Thaw();
    }

    /// <summary>Most holders of leases run one of them at the moment; null when nobody holds any.</summary>
    private async Task<ChaosWorker?> BusyWorkerAsync()
    {
        var holders = await run.Coordination.ScalarAsync<string[]>(
            "select coalesce(array_agg(distinct holder), '{}') from coordinator.backfill_batch where state = 0 and expires_at > clock_timestamp()");
        var busy = run.Fleet.Where(worker => holders.Contains(worker.Id)).ToList();
        return busy.Count == 0 ? null : busy[run.Random.Next(busy.Count)];
    }

    private string Point() => ChaosTarget.Points[run.Random.Next(ChaosTarget.Points.Length)];

    private Task<bool> HasLeaseAsync(ChaosWorker worker) => run.Coordination.ScalarAsync<bool>(
        $"select exists (select from coordinator.backfill_batch where holder = '{worker.Id}' and state = 0 and expires_at > clock_timestamp())");

    private async Task KillAsync()
    {
        var place = run.Random.Next(run.Fleet.Count);
        await run.Fleet[place].KillAsync();
        if (run.Random.Next(2) == 0)
        {
            await run.Target.TerminateAsync(percent: 40);
        }

        run.Bury(place);
    }

    /// <summary>Leases end at any moment, whoever works; and what waits for another try is there at once.</summary>
    private Task LapseAsync() => run.Coordination.ExecuteAsync(
        $"update coordinator.backfill_batch set expires_at = clock_timestamp() where state = 0 and {OneIn(2)}");

    /// <summary>
    /// The coordination database fails over and has lost the last grant: the next one is under the same epoch. At the moment
    /// where that hurts, between the first holder's raise and its claim; and the second one is stopped there too.
    /// </summary>
    private async Task LoseGrantsAsync()
    {
        var held = new Dictionary<ChaosWorker, HeldPoint>();
        foreach (var worker in run.Fleet)
        {
            held.Add(worker, await HeldPoint.CloseAsync(run.Target.Database, worker.Id, ChaosTarget.AfterRaise));
        }

        await run.Coordination.ExecuteAsync("update coordinator.backfill_batch set expires_at = clock_timestamp() where state = 0");
        if (await FirstReachedAsync(held) is { } first)
        {
            await run.Coordination.ExecuteAsync(
                $"""
                update coordinator.backfill_batch set epoch = epoch - 1, holder = '', expires_at = clock_timestamp()
                 where state = 0 and epoch >= 2 and holder = '{first.Id}'
                """);
            await using (held[first])
            {
                held.Remove(first);
                await FirstReachedAsync(held);
            }

            await run.AfterCommitsAsync(1, Moment);
        }

        foreach (var point in held.Values)
        {
            await point.DisposeAsync();
        }
    }

    private async Task<ChaosWorker?> FirstReachedAsync(Dictionary<ChaosWorker, HeldPoint> held)
    {
        ChaosWorker? first = null;
        await run.UntilAsync(
            async () =>
            {
                foreach (var (worker, point) in held)
                {
                    first ??= await point.IsReachedAsync() ? worker : null;
                }

                return first is not null;
            },
            Moment * 3);
        return first;
    }

    /// <summary>The same, and what is lost is that a batch is done.</summary>
    private Task ForgetReportsAsync() => run.Coordination.ExecuteAsync(
        $"""
        update coordinator.backfill_batch b
           set state = 0, epoch = greatest(b.epoch - {run.Random.Next(2)}, 1), row_count = null, holder = '', expires_at = clock_timestamp()
          from coordinator.backfill f
         where f.migration = b.migration and f.shard = b.shard and f.step = b.step and f.state <> 2 and b.state = 1 and {OneIn(6)}
        """);

    /// <summary>The coordinator believes that a batch is done which nobody has done.</summary>
    private Task BelieveAsync() => run.Coordination.ExecuteAsync(
        $"update coordinator.backfill_batch set state = 1, row_count = 0 where state = 0 and {OneIn(4)}");

    // By the seed, not by the server's random().
    private string OneIn(int parts) => $"abs(hashint8extended(batch, {run.Random.Next()})) % {parts} = 0";

    private async Task DeliverStraysAsync()
    {
        while (run.Strays.TryDequeue(out var deliverAsync))
        {
            await deliverAsync();
        }
    }

    private Task TerminateCoordinatorAsync() => run.Coordination.ExecuteAsync(
        """
        select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and application_name like 'coordinator%' and pid <> pg_backend_pid()
        """);

    private async Task TuneAsync()
    {
        var step = await run.Coordination.ScalarAsync<string>(
            "select coalesce((select step from coordinator.backfill where state <> 2 limit 1), '')");
        if (step.Length > 0)
        {
            var rows = run.Random.Next(1, 120);
            await run.OrderAsync((_, id) => TuneAsync(step, rows, id));
        }
    }

    private async Task TuneAsync(string step, int rows, string id)
    {
        try
        {
            await run.Server.Backfills.TuneBackfillAsync(new()
            {
                Name = $"migrations/{ChaosRun.Migration}/backfills/{step}",
                Tuning = new() { BatchRows = rows },
                RequestId = id,
            });
        }
        catch (RpcException exception) when (exception.StatusCode == StatusCode.FailedPrecondition)
        {
            // It was finished in the meantime.
        }
    }

    /// <summary>Nothing that was granted before a pause was acknowledged commits after it, however long it stood still.</summary>
    private async Task PauseAsync()
    {
        var worker = await BusyWorkerAsync() ?? run.Fleet[run.Random.Next(run.Fleet.Count)];
        await using var held = await HeldPoint.CloseAsync(run.Target.Database, worker.Id, Point());
        await run.UntilAsync(held.IsReachedAsync, Moment);
        var pausing = run.OrderAsync((migrations, id) => migrations.PauseMigrationAsync(
            new() { Name = ChaosRun.Migration, Reason = "chaos", RequestId = id }).ResponseAsync);
        await run.UntilAsync(() => Task.FromResult(pausing.IsCompleted), Moment * 2);
        if (!pausing.IsCompleted)
        {
            // It waits for this batch, as it should.
            await held.DisposeAsync();
            await pausing;
        }

        var before = await run.Target.CommitsAsync();
        await held.DisposeAsync();
        await run.UntilAsync(run.Target.IsQuietAsync, LongestFreeze);
        if (await run.Target.CommitsAsync() - before is > 0 and var commits)
        {
            run.Violate($"FENCE: {commits} batches were committed after a pause was acknowledged");
        }

        await run.OrderAsync((migrations, id) => migrations.ResumeMigrationAsync(
            new() { Name = ChaosRun.Migration, RequestId = id }).ResponseAsync);
    }
}

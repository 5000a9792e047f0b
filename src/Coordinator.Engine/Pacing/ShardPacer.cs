using Coordinator.Domain.Backfills;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Targets;
using Coordinator.Postgres.Load;
using Npgsql;

namespace Coordinator.Engine.Pacing;

/// <summary>
/// Decides for one shard of one backfill, look by look. What it remembers may be lost with the replica: the next driver goes on from
/// the decision in force.
/// </summary>
/// <param name="shard">The shard.</param>
/// <param name="target">Its target.</param>
/// <param name="table">The table, quoted.</param>
/// <param name="options">Limits and intervals.</param>
/// <param name="mostBlocks">The largest batch.</param>
/// <param name="slowdown">Learns from the time that batches take; null where nothing is timed.</param>
internal sealed class ShardPacer(
    TargetShard shard, Target target, string table, EngineOptions options, long mostBlocks = BatchSize.MaxBlocks, BatchSlowdown? slowdown = null)
{
    private static readonly TimeSpan LookTimeout = TimeSpan.FromSeconds(1);

    // Beside the limit in the target: connecting takes time too.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    private const string NoAnswer = "the target did not answer in time";

    private readonly RateWindow _rate = new();
    private readonly CommitLatency _commits = new(token => CommitProbe.MeasureAsync(shard.DataSource, LookTimeout, token));
    private ThrottleState? _throttle;
    private DateTimeOffset _lastLook;
    private DateTimeOffset _lastLoad;
    private DateTimeOffset _lastCheck;
    private DateTimeOffset _lastCommit;
    private (DateTimeOffset At, double Position)? _wal;

    /// <summary>Looks at the target and decides.</summary>
    public async Task<ShardDecision> DecideAsync(ShardSums sums, CancellationToken cancellationToken)
    {
        var first = _throttle is null;
        _throttle ??= sums.Parallelism == GrantSql.Unlimited
            ? ThrottleState.Initial
            : ThrottleState.Initial with { Parallelism = sums.Parallelism };
        if (first)
        {
            _lastLook = _lastLoad = _lastCheck = _lastCommit = sums.Now;
        }

        _rate.Add(sums.Now, sums.Rows, sums.Blocks);
        slowdown?.Add(sums.Running, sums.Timing);
        var maxWait = sums.Settings.MaxWait ?? target.Pace.MaxWait;
        var (signals, quiet) = await ReadAsync(sums, maxWait, cancellationToken);
        var decision = Throttle.Decide(_throttle, signals, sums.Now - _lastLook, sums.Running, Most(sums.Settings));
        if (slowdown is not null && target.Pace.BatchSlowdown.Hard is not null && quiet == false && sums is { Running: 0, Blocks: 0 })
        {
            // Beside an application it begins with one, which also shows how fast a batch is alone once the first, heavier ones are over.
            decision = decision with { State = decision.State.OneFor(BatchSlowdown.LearningTime) };
        }

        _throttle = decision.State;
        _lastLook = sums.Now;
        var blocks = BatchSize.Next(sums.BatchBlocks, sums.Timing, BatchSize.Aim(maxWait, quiet == true), MostBlocks(sums));
        return Tell(sums, decision, signals, blocks);
    }

    private ShardDecision Tell(ShardSums sums, ThrottleDecision decision, IReadOnlyList<LoadSignal> signals, long batchBlocks)
    {
        var quietUntil = QuietHours.Parse(sums.Settings.QuietHours)?.EndsAt(sums.Now);
        return new ShardDecision
        {
            Shard = shard.Name,
            BatchBlocks = batchBlocks,
            Parallelism = decision.State.Parallelism,
            NotBefore = quietUntil,
            Move = (quietUntil is null ? decision.Move : ThrottleMove.Stop).ToString().ToUpperInvariant(),
            Signal = quietUntil is null ? decision.Because?.Name ?? "" : "quiet_hours",
            Reading = quietUntil is null ? decision.Because?.Reading : null,
            Threshold = quietUntil is null ? decision.Because?.Threshold : null,
            Message = quietUntil is { } until ? PaceText.Quiet(until) : PaceText.Of(decision),
            Why = quietUntil is { } end ? PaceText.QuietHours(end) : PaceText.Why(decision),
            Signals = [.. signals.Select(Row)],
            RowRate = _rate.Rows,
            BlockRate = _rate.Blocks,
        };
    }

    // Quiet is a table that nobody else writes; null where that can't be seen.
    private async Task<(IReadOnlyList<LoadSignal> Signals, bool? Quiet)> ReadAsync(
        ShardSums sums, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        var signals = new List<LoadSignal>();
        bool? quiet = null;
        if (sums.FullDisk is { } full && sums.Now < full.Until)
        {
            signals.Add(full.Signal);
        }

        // Beside the look and with a try of its own: a target that does not commit still tells its load.
        var commits = CommitsAsync(sums.Now, cancellationToken);
        await TryAsync(
            async deadline =>
            {
                var load = await LoadReader.ReadAsync(shard.DataSource, table, target.IgnoredRoles, LookTimeout, deadline);
                _lastLoad = sums.Now;
                signals.AddRange(LoadSignals.From(load, WalRate(sums.Now, load.WalPosition), maxWait, target.Pace));
                quiet = load.SeesOthers ? load is { RecentWriters: 0, WaitingOnTable: 0, WaitBehindUsMilliseconds: null } : null;
            },
            why => signals.Add(LoadSignals.Unreadable("load", why, sums.Now - _lastLoad > options.PaceTimeout)),
            NoAnswer,
            cancellationToken);
        var check = sums.Settings.Check ?? target.Pace.Check;
        if (check.Length > 0)
        {
            await TryAsync(
                async deadline =>
                {
                    var answer = await LoadReader.CheckAsync(shard.DataSource, check, LookTimeout, deadline);
                    _lastCheck = sums.Now;
                    signals.Add(LoadSignals.Check(answer, target.Pace.CheckThresholds));
                },
                why => signals.Add(LoadSignals.Unreadable("check", why, sums.Now - _lastCheck > options.PaceTimeout)),
                NoAnswer,
                cancellationToken);
        }

        if (slowdown is not null)
        {
            signals.Add(LoadSignals.Slowdown(slowdown, quiet == true, target.Pace));
        }

        signals.AddRange(await commits);
        return (signals, quiet);
    }

    // One signal, or none where nobody asks for it.
    private async Task<IReadOnlyList<LoadSignal>> CommitsAsync(DateTimeOffset now, CancellationToken cancellationToken)
    {
        if (target.Pace.CommitMilliseconds is { Soft: null, Hard: null })
        {
            return [];
        }

        LoadSignal? signal = null;
        await TryAsync(
            async deadline =>
            {
                signal = LoadSignals.Commits(await _commits.ReadAsync(deadline, cancellationToken), target.Pace);
                _lastCommit = now;
            },
            why => signal = LoadSignals.NoCommit(why, now - _lastCommit > options.PaceTimeout, target.Pace),
            "the target did not commit in time",
            cancellationToken);
        return signal is null ? [] : [signal];
    }

    // Whatever goes wrong with a look is a signal that could not be read, and no reason to stop looking.
    private static async Task TryAsync(
        Func<CancellationToken, Task> look, Action<string> failed, string late, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(AnswerTimeout);
        try
        {
            await look(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            failed(late);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException or System.IO.IOException or InvalidCastException)
        {
            failed(exception switch
            {
                PostgresException told => told.MessageText,
                // Ours say what they mean.
                TimeoutException => exception.Message,
                _ => (exception.InnerException ?? exception).Message,
            });
        }
    }

    private double? WalRate(DateTimeOffset now, double position)
    {
        var rate = _wal is { } before && now > before.At ? Math.Max(0, position - before.Position) / (now - before.At).TotalSeconds : (double?)null;
        _wal = (now, position);
        return rate;
    }

    private int Most(BackfillSettings settings) =>
        Math.Max(1, Math.Min(settings.MaxParallel ?? int.MaxValue, options.ServerParallelism));

    // Rows per block as they were written so far; before that the first size stands.
    private long MostBlocks(ShardSums sums)
    {
        var most = sums.Settings.BatchRows is not { } rows ? mostBlocks
            : sums is { Blocks: > 0, Rows: > 0 } ? Math.Max(1, (long)(rows * ((double)sums.Blocks / sums.Rows)))
            : sums.BatchBlocks;
        return sums.SweepCell > 0 ? Math.Min(most, sums.SweepCell) : most;
    }

    private static LoadSignalRow Row(LoadSignal signal) => new(
        signal.Name,
        signal.Reading is { } reading && double.IsFinite(reading) ? reading : null,
        signal.Soft,
        signal.Hard,
        signal.Unit,
        signal.Zone.ToString().ToUpperInvariant(),
        signal.Problem ?? "");
}

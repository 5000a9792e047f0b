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
internal sealed class ShardPacer(TargetShard shard, Target target, string table, EngineOptions options, long mostBlocks = BatchSize.MaxBlocks)
{
    private static readonly TimeSpan LookTimeout = TimeSpan.FromSeconds(1);

    // Beside the limit in the target: connecting takes time too.
    private static readonly TimeSpan AnswerTimeout = TimeSpan.FromSeconds(2);

    private readonly RateWindow _rate = new();
    private ThrottleState? _throttle;
    private DateTimeOffset _lastLook;
    private DateTimeOffset _lastLoad;
    private DateTimeOffset _lastCheck;
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
            _lastLook = _lastLoad = _lastCheck = sums.Now;
        }

        _rate.Add(sums.Now, sums.Rows, sums.Blocks);
        var maxWait = sums.Settings.MaxWait ?? target.Pace.MaxWait;
        var (signals, quiet) = await ReadAsync(sums, maxWait, cancellationToken);
        var decision = Throttle.Decide(_throttle, signals, sums.Now - _lastLook, sums.Running, Most(sums.Settings));
        _throttle = decision.State;
        _lastLook = sums.Now;
        return Tell(sums, decision, signals, BatchSize.Next(sums.BatchBlocks, sums.Timing, BatchSize.Aim(maxWait, quiet), MostBlocks(sums, mostBlocks)));
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

    private async Task<(IReadOnlyList<LoadSignal> Signals, bool Quiet)> ReadAsync(
        ShardSums sums, TimeSpan maxWait, CancellationToken cancellationToken)
    {
        var signals = new List<LoadSignal>();
        var quiet = false;
        if (sums.FullDisk is { } full && sums.Now < full.Until)
        {
            signals.Add(full.Signal);
        }

        await TryAsync(
            async deadline =>
            {
                var load = await LoadReader.ReadAsync(shard.DataSource, table, target.IgnoredRoles, LookTimeout, deadline);
                _lastLoad = sums.Now;
                signals.AddRange(LoadSignals.From(load, WalRate(sums.Now, load.WalPosition), maxWait, target.Pace));
                quiet = load is { SeesOthers: true, RecentWriters: 0, WaitingOnTable: 0, WaitBehindUsMilliseconds: null };
            },
            why => signals.Add(LoadSignals.Unreadable("load", why, sums.Now - _lastLoad > options.PaceTimeout)),
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
                cancellationToken);
        }

        return (signals, quiet);
    }

    // Whatever goes wrong with a look is a signal that could not be read, and no reason to stop looking.
    private static async Task TryAsync(
        Func<CancellationToken, Task> look, Action<string> failed, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(AnswerTimeout);
        try
        {
            await look(deadline.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            failed("the target did not answer in time");
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException or System.IO.IOException or InvalidCastException)
        {
            failed((exception as PostgresException)?.MessageText ?? (exception.InnerException ?? exception).Message);
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
    private static long MostBlocks(ShardSums sums, long most) => sums.Settings.BatchRows is not { } rows ? most
        : sums is { Blocks: > 0, Rows: > 0 } ? Math.Max(1, (long)(rows * ((double)sums.Blocks / sums.Rows)))
        : sums.BatchBlocks;

    private static LoadSignalRow Row(LoadSignal signal) => new(
        signal.Name,
        signal.Reading is { } reading && double.IsFinite(reading) ? reading : null,
        signal.Soft,
        signal.Hard,
        signal.Unit,
        signal.Zone.ToString().ToUpperInvariant(),
        signal.Problem ?? "");
}

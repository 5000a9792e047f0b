using Coordinator.Domain.Plans;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Driving;
using Coordinator.Engine.Leasing;
using Coordinator.Engine.Pacing;
using Coordinator.Engine.Targets;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Coordinator.Engine.Verification;

/// <summary>
/// Lets the ranges of one shard be read as the throttle of backfills allows: the same signals, thresholds, quiet hours and check,
/// and what operators set for the backfill of the same table; never more at once than <see cref="EngineOptions.VerificationParallelism"/>.
/// Where it can't look, or can't be told, nothing more is read.
/// </summary>
internal sealed class VerificationThrottle(
    StepRun run, PlanStep.Verify step, TargetShard shard, CoordinationDatabase database, EngineOptions options, TimeProvider time, ILogger logger)
{
    private readonly ShardPacer _pacer = new(shard, run.Target, step.Table.Sql, options);
    private readonly Lock _lock = new();
    private TaskCompletionSource _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _allowed;
    private int _running;
    private string _held = "";

    /// <summary>What the load makes it wait for; empty while something may be read.</summary>
    public string Held
    {
        get
        {
            lock (_lock)
            {
                return _allowed > 0 ? "" : _held;
            }
        }
    }

    /// <summary>Looks at the load until the token is cancelled, and then returns without an exception.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        using var timer = new PeriodicTimer(options.PaceInterval, time);
        try
        {
            do
            {
                await LookAsync(cancellationToken);
            }
            while (await timer.WaitForNextTickAsync(cancellationToken));
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            // The pass has ended.
        }
        catch (Exception broken)
        {
            // Whoever waits for a turn must learn of it, or would wait for ever.
            lock (_lock)
            {
                _changed.TrySetException(broken);
            }

            throw;
        }
    }

    /// <summary>Waits until one more range may be read. Dispose of the turn when it was.</summary>
    public async Task<Turn> EnterAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            Task changed;
            lock (_lock)
            {
                if (_running < _allowed)
                {
                    _running++;
                    return new Turn(this);
                }

                changed = _changed.Task;
            }

            await changed.WaitAsync(cancellationToken);
        }
    }

    private async Task LookAsync(CancellationToken cancellationToken)
    {
        try
        {
            var (settings, now) = await SettingsAsync(cancellationToken);
            var decision = await _pacer.DecideAsync(Sums(settings, now), cancellationToken);
            Allow(decision.NotBefore is null ? decision.Parallelism : 0, decision.Why);
        }
        catch (Exception exception) when (exception is NpgsqlException or TimeoutException)
        {
            DrivingLog.Stumbled(logger, exception, run.Migration);
            Allow(0, "the coordination database does not answer");
        }
    }

    private void Allow(int parallelism, string why)
    {
        lock (_lock)
        {
            _allowed = Math.Min(parallelism, options.VerificationParallelism);
            _held = why;
            WakeNeedsLock();
        }
    }

    private void Leave()
    {
        lock (_lock)
        {
            _running--;
            WakeNeedsLock();
        }
    }

    private void WakeNeedsLock()
    {
        var changed = _changed;
        if (changed.Task.IsFaulted)
        {
            return;
        }

        _changed = new(TaskCreationOptions.RunContinuationsAsynchronously);
        changed.TrySetResult();
    }

    private ShardSums Sums(BackfillSettings settings, DateTimeOffset now) => new()
    {
        Shard = shard.Name,
        BatchBlocks = 1,
        Parallelism = GrantSql.Unlimited,
        Running = _running,
        Blocks = 0,
        Rows = 0,
        NewRows = 0,
        Timing = null,
        Settings = settings with { MaxParallel = Math.Min(settings.MaxParallel ?? int.MaxValue, options.VerificationParallelism) },
        Now = now,
    };

    // What was set for the backfill of the table, or of its first partition; and the clock that quiet hours are meant by.
    private async Task<(BackfillSettings Settings, DateTimeOffset Now)> SettingsAsync(CancellationToken cancellationToken)
    {
        var backfill = run.Plan.Steps.OfType<PlanStep.Backfill>().FirstOrDefault(backfill => backfill.Table == step.Table)?.Id ?? "";
        await using var command = database.DataSource.CreateCommand(
            """
            select clock_timestamp(), p.max_wait, p.max_parallel, p.quiet_hours, p.check_sql
            from (select) one left join coordinator.backfill_pace p
                on p.migration = $1 and p.shard = $2 and (p.step = $3 or starts_with(p.step, $3 || '-'))
            order by p.step limit 1
            """);
        command.Parameters.Add(new() { Value = run.Migration });
        command.Parameters.Add(new() { Value = shard.Name });
        command.Parameters.Add(new() { Value = backfill });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (Read(reader), await reader.GetFieldValueAsync<DateTimeOffset>(0, cancellationToken));
    }

    private static BackfillSettings Read(NpgsqlDataReader reader) => new()
    {
        MaxWait = reader.IsDBNull(1) ? null : reader.GetTimeSpan(1),
        MaxParallel = reader.IsDBNull(2) ? null : reader.GetInt32(2),
        QuietHours = reader.IsDBNull(3) ? null : reader.GetString(3),
        Check = reader.IsDBNull(4) ? null : reader.GetString(4),
    };

    /// <summary>The right to read one range.</summary>
    internal readonly struct Turn(VerificationThrottle throttle) : IDisposable
    {
        public void Dispose() => throttle.Leave();
    }
}

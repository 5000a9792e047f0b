using Npgsql;

namespace Coordinator.Postgres.Ddl;

/// <summary>
/// Repeats an attempt until it is done, so that the application is stalled for at most one lock timeout at a time:
/// looks first who would block, waits without queueing where an attempt would be futile, and pauses after a lost one.
/// No end to the patience but the token: what somebody waited hours for is not thrown away, it is reported.
/// </summary>
internal sealed class LockPatience(TimeProvider timeProvider, Func<double> jitter)
{
    // Longer than deadlock_timeout by as much as the server needs to cancel an autovacuum and hand us the lock.
    private static readonly TimeSpan YieldMargin = TimeSpan.FromMilliseconds(200);

    public async Task<DdlOutcome> RunAsync(LockRequest request, CancellationToken cancellationToken)
    {
        var started = timeProvider.GetTimestamp();
        var attempts = new Attempts(new AutovacuumPatience(timeProvider, request.Budget.Patience));
        while (true)
        {
            var result = await OnceAsync(request, attempts, cancellationToken);
            if (result is DdlAttempt.Done done)
            {
                return new DdlOutcome(done.Result, attempts.Count, timeProvider.GetElapsedTime(started) - done.Held, done.Held);
            }

            var pause = result is DdlAttempt.Futile
                ? request.Budget.LookInterval
                : request.Budget.PauseBound(Math.Max(attempts.Count, 1)) * jitter();
            await Task.Delay(pause, timeProvider, cancellationToken);
        }
    }

    private static async Task<DdlAttempt> OnceAsync(LockRequest request, Attempts attempts, CancellationToken cancellationToken)
    {
        try
        {
            await using var connection = await request.Source.OpenConnectionAsync(cancellationToken);
            if (await request.IsDoneAsync(connection, cancellationToken))
            {
                return new DdlAttempt.Done(DdlResult.AlreadyApplied, TimeSpan.Zero);
            }

            var blockers = request.Table is null
                ? []
                : await LockBlockers.ReadAsync(connection, request.Table, request.Mode, cancellationToken);
            if (Futile(blockers, request.Budget, attempts.Autovacuum) is { } reason)
            {
                request.Report(reason, blockers, attempts.Count);
                return new DdlAttempt.Futile();
            }

            attempts.Count++;
            var timeout = await LockTimeoutAsync(connection, request, blockers, attempts, cancellationToken);
            var result = await AttemptAsync(connection, request, timeout, cancellationToken);
            if (result is DdlAttempt.Busy)
            {
                blockers = await LockBlockers.ReadAsync(connection, request.Table, request.Mode, cancellationToken);
                request.Report(DdlWaitReason.LockTimeout, blockers, attempts.Count);
            }

            return result;
        }
        catch (NpgsqlException e) when (TargetErrors.IsConnectionLost(e))
        {
            request.Progress?.Report(new DdlWait(DdlWaitReason.TargetUnreachable, e.Message, attempts.Count));
            return new DdlAttempt.Lost();
        }
        catch (PostgresException e)
        {
            throw new DdlFailedException(e.SqlState, e.MessageText, "", e);
        }
    }

    /// <summary>One attempt; however it fails, the transaction that the failed message left open is closed.</summary>
    private static async Task<DdlAttempt> AttemptAsync(
        NpgsqlConnection connection, LockRequest request, TimeSpan lockTimeout, CancellationToken cancellationToken)
    {
        try
        {
            var result = await request.AttemptAsync(connection, lockTimeout, cancellationToken);
            if (result is DdlAttempt.Busy)
            {
                await connection.ExecuteAsync("rollback", [], cancellationToken);
            }

            return result;
        }
        catch (DdlFailedException)
        {
            await connection.ExecuteAsync("rollback", [], cancellationToken);
            throw;
        }
    }

    private static async Task<TimeSpan> LockTimeoutAsync(
        NpgsqlConnection connection,
        LockRequest request,
        IReadOnlyList<LockBlocker> blockers,
        Attempts attempts,
        CancellationToken cancellationToken)
    {
        if (request.Budget.Unbounded)
        {
            return TimeSpan.Zero;
        }

        if (!blockers.Any(blocker => blocker.IsAutovacuum))
        {
            return request.Budget.LockTimeout(attempts.Count);
        }

        request.Report(DdlWaitReason.LongAttempt, blockers, attempts.Count);
        attempts.Autovacuum.Restart();
        var deadlockTimeout = await connection.ScalarAsync<int>(
            "select setting::int from pg_catalog.pg_settings where name = 'deadlock_timeout'", [], cancellationToken);
        return TimeSpan.FromMilliseconds(deadlockTimeout) + YieldMargin;
    }

    /// <summary>Why an attempt would only stall the application; null when it has a chance.</summary>
    private static DdlWaitReason? Futile(
        IReadOnlyList<LockBlocker> blockers, DdlBudget budget, AutovacuumPatience autovacuum)
    {
        var vacuumed = blockers.Any(blocker => blocker is { IsAutovacuum: true, IsWraparound: false });
        var patient = autovacuum.Look(vacuumed);
        return blockers switch
        {
            _ when blockers.Any(blocker => blocker.PreparedName is not null) => DdlWaitReason.PreparedTransaction,
            _ when blockers.Any(blocker => blocker.IsWraparound) => DdlWaitReason.WraparoundVacuum,
            _ when blockers.Any(blocker => !blocker.IsAutovacuum && blocker.Age >= budget.OldTransaction) =>
                DdlWaitReason.OldTransaction,
            _ when vacuumed && patient => DdlWaitReason.Autovacuum,
            _ => null,
        };
    }

    private sealed class Attempts(AutovacuumPatience autovacuum)
    {
        public AutovacuumPatience Autovacuum { get; } = autovacuum;

        public int Count { get; set; }
    }
}

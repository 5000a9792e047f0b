using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Locks;
using Npgsql;

namespace Coordinator.Postgres.Ddl;

/// <summary>
/// Builds and drops indexes concurrently. That can't be in a transaction, so done or not is what the catalogue says: an
/// index that a build left invalid is dropped and built again, whatever IF NOT EXISTS would make of it. No lock timeout:
/// it would cancel the build while it waits for old transactions, which stalls nobody. One build per table at a time, by
/// a session advisory lock on the build's own connection, so that a build whose client is gone still holds it; tried
/// and polled, because a session that waits for it in a transaction would be waited for by the build.
/// </summary>
public sealed class ConcurrentIndexRunner
{
    private const string LockSpace = "index";

    private static readonly TimeSpan PollInterval = TimeSpan.FromMilliseconds(250);

    private readonly TimeProvider _timeProvider;
    private readonly Func<double> _jitter;

    /// <summary>With a jitter of one's own: a number from 0 to 1, drawn before every pause.</summary>
    public ConcurrentIndexRunner(TimeProvider timeProvider, Func<double>? jitter = null)
    {
        ArgumentNullException.ThrowIfNull(timeProvider);
        _timeProvider = timeProvider;
        _jitter = jitter ?? Random.Shared.NextDouble;
    }

    /// <summary>Builds the index unless it is there and valid.</summary>
    /// <exception cref="DdlFailedException">It can't be built, for instance because rows have the same key; nothing is left of it.</exception>
    public Task<DdlOutcome> CreateAsync(
        NpgsqlDataSource source,
        ConcurrentIndex index,
        DdlBudget budget,
        IProgress<DdlWait>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(index);
        ArgumentNullException.ThrowIfNull(budget);
        return PersistAsync(
            source, index.Table, budget, progress, (session, token) => CreateOnceAsync(session, index, token), cancellationToken);
    }

    /// <summary>Drops the index unless it is gone.</summary>
    public Task<DdlOutcome> DropAsync(
        NpgsqlDataSource source,
        TableName table,
        string indexName,
        DdlBudget budget,
        IProgress<DdlWait>? progress,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(table);
        ArgumentNullException.ThrowIfNull(budget);
        return PersistAsync(
            source,
            table,
            budget,
            progress,
            async (session, token) =>
            {
                if (await session.LookAsync(table, indexName, token) is null)
                {
                    return DdlResult.AlreadyApplied;
                }

                await session.DropAsync(table, indexName, token);
                return DdlResult.Applied;
            },
            cancellationToken);
    }

    private static async Task<DdlResult> CreateOnceAsync(
        IndexSession session, ConcurrentIndex index, CancellationToken cancellationToken)
    {
        switch (await session.LookAsync(index.Table, index.IndexName, cancellationToken))
        {
            case true:
                return DdlResult.AlreadyApplied;
            case false:
                await session.DropAsync(index.Table, index.IndexName, cancellationToken);
                break;
            default:
                break;
        }

        try
        {
            await session.BuildAsync(index.Statement, cancellationToken);
        }
        catch (PostgresException e) when (!MayTryAgain(e) && !TargetErrors.IsConnectionLost(e))
        {
            await session.DropAsync(index.Table, index.IndexName, cancellationToken);
            throw Failure(index, e);
        }

        return await session.LookAsync(index.Table, index.IndexName, cancellationToken) is true
            ? DdlResult.Applied
            : throw new DdlFailedException(
                PostgresErrorCodes.UndefinedObject,
                $"The statement did not create a valid index '{index.IndexName}' on {index.Table}.",
                index.Statement);
    }

    private async Task<DdlOutcome> PersistAsync(
        NpgsqlDataSource source,
        TableName table,
        DdlBudget budget,
        IProgress<DdlWait>? progress,
        Func<IndexSession, CancellationToken, Task<DdlResult>> once,
        CancellationToken cancellationToken)
    {
        var started = _timeProvider.GetTimestamp();
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                await using var session = await IndexSession.OpenAsync(source, _timeProvider, progress, attempt, cancellationToken);
                while (!await session.TryLockAsync(AdvisoryLockKey.ForName(LockSpace, table.Sql), cancellationToken))
                {
                    progress?.Report(new DdlWait(DdlWaitReason.OtherIndexBuild, $"another index build on {table}", attempt));
                    await Task.Delay(PollInterval, _timeProvider, cancellationToken);
                }

                var result = await once(session, cancellationToken);
                return new DdlOutcome(result, attempt, _timeProvider.GetElapsedTime(started), TimeSpan.Zero);
            }
            catch (PostgresException e) when (MayTryAgain(e))
            {
                progress?.Report(new DdlWait(DdlWaitReason.IndexBuild, $"the build was cancelled ({e.MessageText}) and begins again", attempt));
            }
            catch (NpgsqlException e) when (TargetErrors.IsConnectionLost(e))
            {
                progress?.Report(new DdlWait(DdlWaitReason.TargetUnreachable, e.Message, attempt));
            }
            catch (PostgresException e)
            {
                throw new DdlFailedException(e.SqlState, e.MessageText, "", e);
            }

            await Task.Delay(budget.PauseBound(attempt) * _jitter(), _timeProvider, cancellationToken);
        }
    }

    /// <summary>Somebody cancelled it, or it lost to a deadlock: an invalid index may be left, and the next attempt drops it.</summary>
    private static bool MayTryAgain(PostgresException error) =>
        TargetErrors.IsBusy(error) || error.SqlState == PostgresErrorCodes.QueryCanceled;

    private static DdlFailedException Failure(ConcurrentIndex index, PostgresException error) => new(
        error.SqlState,
        error.SqlState == PostgresErrorCodes.UniqueViolation
            ? $"Rows of {index.Table} have the same key, so the unique index '{index.IndexName}' can't be built: find them with GROUP BY … HAVING count(*) > 1, make them differ, and retry."
            : error.MessageText,
        index.Statement,
        error);
}

using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Handlers;

/// <summary>
/// Runs one granted batch by a handler. The same transaction as a statement's (see <see cref="BatchTransaction"/>), with
/// the handler between the claim and the ledger: guards and claim are one message, ledger and commit another, and the
/// handler sees neither. A handler that is stopped past its lease can't commit: its successor's raise waits for it or
/// supersedes it, and the target's own timer ends it. After a row's own fault the batch is run once more, around such rows.
/// </summary>
internal sealed class HandlerTransaction
{
    private readonly BatchGrant _grant;
    private readonly IBackfillHandler _handler;
    private readonly CancellationToken _leaseEnded;
    private readonly CancellationToken _cancellationToken;
    private BatchContext? _called;
    private RowSpan? _whole;

    private HandlerTransaction(
        BatchGrant grant, IBackfillHandler handler, CancellationToken leaseEnded, CancellationToken cancellationToken)
    {
        _grant = grant;
        _handler = handler;
        _leaseEnded = leaseEnded;
        _cancellationToken = cancellationToken;
    }

    /// <summary>
    /// Runs the batch. Refusals and failures, the handler's too, are outcomes; only cancellation throws, and then nothing
    /// was committed unless it came while the commit was on its way.
    /// </summary>
    /// <param name="target">The target.</param>
    /// <param name="grant">The grant.</param>
    /// <param name="handler">The application's code.</param>
    /// <param name="leaseEnded">The lease is over: the handler should end, its work is somebody else's now.</param>
    /// <param name="cancellationToken">The worker gives up.</param>
    public static Task<BatchOutcome> RunAsync(
        NpgsqlDataSource target,
        BatchGrant grant,
        IBackfillHandler handler,
        CancellationToken leaseEnded,
        CancellationToken cancellationToken)
    {
        var run = new HandlerTransaction(grant, handler, leaseEnded, cancellationToken);
        return BatchTransaction.RunAsync(target, grant, run.CommitAsync, run.AfterCommitFailedAsync, cancellationToken);
    }

    private async Task<BatchOutcome> CommitAsync(NpgsqlConnection connection)
    {
        var xid = "";
        await BatchTransaction.ExecuteAsync(
            connection,
            _grant,
            BatchProtocol.Claim(_grant),
            answer =>
            {
                xid = answer.GetString(0);
                _whole = RowSpan.OfBatch(_grant, answer);
            },
            _cancellationToken).ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_leaseEnded, _cancellationToken);
        var context = new BatchContext(connection, _grant, _whole!, ended.Token);
        _called = context;
        long rows;
        try
        {
            rows = await HandlerCall.RunAsync(_handler, context, ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            await HandlerCall.RollbackAsync(connection).ConfigureAwait(false);
            throw;
        }
#pragma warning disable CA1031 // The application's code: whatever it throws is its failure, not the worker's.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            var failed = await HandlerCall.FailedAsync(connection, _grant, context, xid, exception, _cancellationToken)
                .ConfigureAwait(false);
            return failed is BatchOutcome.ProtocolBroken
                ? failed
                : await AroundAsync(connection, RowFault.Of(context, exception), failed).ConfigureAwait(false);
        }

        return await FinishAsync(connection, context, rows).ConfigureAwait(false);
    }

    private async Task<BatchOutcome> FinishAsync(NpgsqlConnection connection, BatchContext context, long rows)
    {
        BatchOutcome? outcome = null;
        try
        {
            await BatchTransaction.ExecuteAsync(
                connection,
                _grant,
                BatchProtocol.Finish(_grant, rows),
                answer => outcome = new BatchOutcome.Committed(answer.GetInt64(0), answer.GetString(1))
                {
                    Elapsed = answer.GetTimeSpan(2),
                },
                _cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception)
            when (exception.SqlState == PostgresErrorCodes.InFailedSqlTransaction && context.Failure is not null)
        {
            await BatchTransaction.RollbackAsync(connection).ConfigureAwait(false);
            return await AroundAsync(
                connection, RowFault.Of(context, thrown: null), BatchTransaction.At(_grant, HandlerCall.Failed(context.Failure)))
                .ConfigureAwait(false);
        }

        return BatchTransaction.At(
            _grant, outcome ?? throw new InvalidOperationException("The batch committed without an answer."));
    }

    /// <summary>A constraint that is checked at the commit has found a row.</summary>
    private async Task<BatchOutcome?> AfterCommitFailedAsync(NpgsqlConnection connection, PostgresException exception) =>
        _called is null || RowFault.Of(exception) is not { } fault
            ? null
            : await AroundAsync(connection, fault, BatchTransaction.At(_grant, HandlerCall.Failed(exception))).ConfigureAwait(false);

    /// <summary>The batch was rolled back. Runs it around its bad rows, where there are any and its rows can be told apart.</summary>
    private async Task<BatchOutcome> AroundAsync(NpgsqlConnection connection, RowFault? fault, BatchOutcome failed)
    {
        if (fault is null || _grant.Table is null || connection.FullState != System.Data.ConnectionState.Open)
        {
            return failed;
        }

        if (_called is not { FindsRowsByRange: true })
        {
            return BatchTransaction.At(_grant, fault.Failed(HandlerBisection.OwnRows));
        }

        using var ended = CancellationTokenSource.CreateLinkedTokenSource(_leaseEnded, _cancellationToken);
        return await new HandlerBisection(_grant, _handler, _whole!, fault, ended.Token, _cancellationToken)
            .RunAsync(connection).ConfigureAwait(false);
    }
}

using System.Data;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Handlers;

/// <summary>
/// Runs one granted batch by a handler. The same transaction as a statement's (see <see cref="BatchTransaction"/>), with
/// the handler between the claim and the ledger: guards and claim are one message, ledger and commit another, and the
/// handler sees neither. A handler that is stopped past its lease can't commit: its successor's raise waits for it or
/// supersedes it, and the target's own timer ends it.
/// </summary>
internal static class HandlerTransaction
{
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
        CancellationToken cancellationToken) => BatchTransaction.RunAsync(
            target,
            grant,
            connection => CommitAsync(connection, grant, handler, leaseEnded, cancellationToken),
            // Which row is at fault only the handler knows.
            aroundBadRows: null,
            cancellationToken);

    private static async Task<BatchOutcome> CommitAsync(
        NpgsqlConnection connection,
        BatchGrant grant,
        IBackfillHandler handler,
        CancellationToken leaseEnded,
        CancellationToken cancellationToken)
    {
        var xid = "";
        await BatchTransaction.ExecuteAsync(
            connection, grant, BatchProtocol.Claim(grant), answer => xid = answer.GetString(0), cancellationToken)
            .ConfigureAwait(false);
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(leaseEnded, cancellationToken);
        var context = new BatchContext(connection, grant, ended.Token);
        long rows;
        try
        {
            rows = await CallAsync(handler, context, ended.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            await RollbackAsync(connection).ConfigureAwait(false);
            throw;
        }
#pragma warning disable CA1031 // The application's code: whatever it throws is its failure, not the worker's.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            return await FailedAsync(connection, grant, context, xid, exception, cancellationToken).ConfigureAwait(false);
        }

        return await FinishAsync(connection, grant, context, rows, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<long> CallAsync(
        IBackfillHandler handler, BatchContext context, CancellationToken cancellationToken)
    {
        try
        {
            return await handler.RunAsync(context, cancellationToken).ConfigureAwait(false);
        }
        finally
        {
            await context.CloseAsync().ConfigureAwait(false);
        }
    }

    private static async Task<BatchOutcome> FinishAsync(
        NpgsqlConnection connection, BatchGrant grant, BatchContext context, long rows, CancellationToken cancellationToken)
    {
        BatchOutcome? outcome = null;
        try
        {
            await BatchTransaction.ExecuteAsync(
                connection,
                grant,
                BatchProtocol.Finish(grant, Math.Max(rows, 0)),
                answer => outcome = new BatchOutcome.Committed(answer.GetInt64(0), answer.GetString(1))
                {
                    Elapsed = answer.GetTimeSpan(2),
                },
                cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception)
            when (exception.SqlState == PostgresErrorCodes.InFailedSqlTransaction && context.Failure is not null)
        {
            await BatchTransaction.RollbackAsync(connection).ConfigureAwait(false);
            return BatchTransaction.At(grant, Failed(context.Failure));
        }

        return BatchTransaction.At(
            grant, outcome ?? throw new InvalidOperationException("The batch committed without an answer."));
    }

    private static async Task<BatchOutcome> FailedAsync(
        NpgsqlConnection connection,
        BatchGrant grant,
        BatchContext context,
        string xid,
        Exception exception,
        CancellationToken cancellationToken)
    {
        if (connection.FullState != ConnectionState.Open)
        {
            // Not told by the exception: the handler may have lost a connection of its own to somewhere else. An ERROR is
            // the server's word that nothing is left, also where Npgsql gives the connection up after it.
            return context.Failure is { InvariantSeverity: "ERROR" } told
                ? BatchTransaction.At(grant, Failed(told))
                : throw new NpgsqlException("The connection was lost while the handler ran.", exception);
        }

        await BatchTransaction.RollbackAsync(connection).ConfigureAwait(false);
        if (await BatchTransaction.ClaimSurvivedAsync(connection, grant, xid, cancellationToken).ConfigureAwait(false))
        {
            return BatchTransaction.At(grant, new BatchOutcome.ProtocolBroken(
                BatchSqlStates.TransactionEscaped,
                "TRANSACTION_ESCAPED: the handler's SQL ended the transaction that claimed the batch, so part of its effect is "
                + "committed without the ledger's entry: stop the migration, do not run the batch again"));
        }

        return BatchTransaction.At(grant, exception is PostgresException refused
            ? Failed(refused)
            : context.Failure is { } first && ReferenceEquals(exception.InnerException, first)
                ? Failed(first)
                : new BatchOutcome.HandlerFailed($"{exception.GetType().Name}: {exception.Message}"));
    }

    private static BatchOutcome.Failed Failed(PostgresException exception) =>
        new(exception.SqlState, exception.MessageText, FailureClass.Of(exception.SqlState));

    /// <summary>A connection that is broken has nothing to roll back: the server does it when it notices.</summary>
    private static async Task RollbackAsync(NpgsqlConnection connection)
    {
        try
        {
            await BatchTransaction.RollbackAsync(connection).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            // Closed below.
        }
    }
}

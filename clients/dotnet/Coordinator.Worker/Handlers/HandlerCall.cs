using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Handlers;

/// <summary>One call of a handler inside an open transaction, and what a failed one means for the batch.</summary>
internal static class HandlerCall
{
    /// <summary>Calls it; nothing of it runs in the transaction any more when this ends.</summary>
    public static async Task<long> RunAsync(IBackfillHandler handler, BatchContext context, CancellationToken cancellationToken)
    {
        try
        {
            return Math.Max(await handler.RunAsync(context, cancellationToken).ConfigureAwait(false), 0);
        }
        finally
        {
            await context.CloseAsync().ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Rolls the batch back after a call that threw, and looks whether the handler's SQL had committed a part of it.
    /// </summary>
    /// <param name="connection">The connection.</param>
    /// <param name="grant">The grant.</param>
    /// <param name="context">What the call was given.</param>
    /// <param name="xid">The transaction that claimed the batch.</param>
    /// <param name="thrown">What it threw.</param>
    /// <param name="cancellationToken">The worker gives up.</param>
    /// <exception cref="NpgsqlException">The connection is lost; the ledger has to tell.</exception>
    public static async Task<BatchOutcome> FailedAsync(
        NpgsqlConnection connection,
        BatchGrant grant,
        BatchContext context,
        string xid,
        Exception thrown,
        CancellationToken cancellationToken)
    {
        if (connection.FullState != System.Data.ConnectionState.Open)
        {
            // Not told by the exception: the handler may have lost a connection of its own to somewhere else. An ERROR is
            // the server's word that nothing is left, also where Npgsql gives the connection up after it.
            return context.Failure is { InvariantSeverity: "ERROR" } told
                ? BatchTransaction.At(grant, Failed(told))
                : throw new NpgsqlException("The connection was lost while the handler ran.", thrown);
        }

        await BatchTransaction.RollbackAsync(connection).ConfigureAwait(false);
        return await EscapedAsync(connection, grant, xid, cancellationToken).ConfigureAwait(false)
            ?? BatchTransaction.At(grant, thrown is PostgresException refused
                ? Failed(refused)
                : context.Failure is { } first && ReferenceEquals(thrown.InnerException, first)
                    ? Failed(first)
                    : new BatchOutcome.HandlerFailed($"{thrown.GetType().Name}: {thrown.Message}"));
    }

    /// <summary>After a rollback: the outcome when the transaction had been committed on the way all the same; else null.</summary>
    public static async Task<BatchOutcome?> EscapedAsync(
        NpgsqlConnection connection, BatchGrant grant, string xid, CancellationToken cancellationToken) =>
        await BatchTransaction.ClaimSurvivedAsync(connection, grant, xid, cancellationToken).ConfigureAwait(false)
            ? BatchTransaction.At(grant, new BatchOutcome.ProtocolBroken(
                BatchSqlStates.TransactionEscaped,
                "TRANSACTION_ESCAPED: the handler's SQL ended the transaction that claimed the batch, so part of its effect is "
                + "committed without the ledger's entry: stop the migration, do not run the batch again"))
            : null;

    public static BatchOutcome.Failed Failed(PostgresException exception) =>
        new(exception.SqlState, exception.MessageText, FailureClass.Of(exception.SqlState));

    /// <summary>A connection that is broken has nothing to roll back: the server does it when it notices.</summary>
    public static async Task RollbackAsync(NpgsqlConnection connection)
    {
        try
        {
            await BatchTransaction.RollbackAsync(connection).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is NpgsqlException or InvalidOperationException)
        {
            // The caller closes it.
        }
    }
}

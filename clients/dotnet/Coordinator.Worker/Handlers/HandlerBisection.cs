using System.Data;
using Coordinator.Worker.Batches;
using Npgsql;

namespace Coordinator.Worker.Handlers;

/// <summary>
/// A handler's batch around the rows that can't be filled. The same grant again, behind the same guards, in one transaction: its
/// rows are locked and listed, each part of the list is a call of its own behind a savepoint, one that fails by a row's fault is
/// undone and halved, down to the row, which goes into quarantine. Then ledger and commit: all of it counts once or not at all.
/// </summary>
internal sealed class HandlerBisection(
    BatchGrant grant,
    IBackfillHandler handler,
    RowSpan whole,
    RowFault first,
    CancellationToken ended,
    CancellationToken cancellationToken)
{
    /// <summary>Why a batch is not divided: every part would do the work of all.</summary>
    public const string OwnRows =
        "which row it was can't be found out, because the handler does not choose its rows by {range} alone; let it use {range}, and "
        + "neither FirstBlock nor EndBlock";

    private const string NotLockable =
        "which row it was can't be found out, because the worker's role may not lock the table's rows; grant it UPDATE on a column";

    private readonly Stack<RowSpan.Rows> _left = [];
    private string _xid = "";
    private long _written;
    private long _bad;

    /// <summary>Runs the batch on a connection without a transaction. Failures are outcomes.</summary>
    public async Task<BatchOutcome> RunAsync(NpgsqlConnection connection)
    {
        try
        {
            return await DivideAsync(connection).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            await HandlerCall.RollbackAsync(connection).ConfigureAwait(false);
            throw;
        }
        catch (PostgresException exception) when (!BatchTransaction.IsLostConnection(exception))
        {
            await BatchTransaction.RollbackAsync(connection).ConfigureAwait(false);
            return (_xid.Length > 0
                    ? await HandlerCall.EscapedAsync(connection, grant, _xid, cancellationToken).ConfigureAwait(false)
                    : null)
                ?? await BatchTransaction.TranslateAsync(connection, grant, exception, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<BatchOutcome> DivideAsync(NpgsqlConnection connection)
    {
        await SendAsync(connection, BatchProtocol.Claim(grant), answer => _xid = answer.GetString(0)).ConfigureAwait(false);
        if (await LockAsync(connection).ConfigureAwait(false) is not { } rows)
        {
            return await GiveUpAsync(connection, first.Failed(NotLockable)).ConfigureAwait(false);
        }

        if (rows.Count == 0)
        {
            return await GiveUpAsync(connection, first.Failed("no row is to blame, the batch has none")).ConfigureAwait(false);
        }

        // The whole has failed already.
        Divide(new RowSpan.Rows(rows));
        while (_left.TryPop(out var part))
        {
            if (await PartAsync(connection, part).ConfigureAwait(false) is { } end)
            {
                return end;
            }
        }

        BatchOutcome? outcome = null;
        await SendAsync(
            connection,
            BatchProtocol.Finish(grant, _written),
            // No time: a batch that had to look for its bad rows says nothing about the others.
            answer => outcome = new BatchOutcome.Committed(answer.GetInt64(0), answer.GetString(1)) { BadRows = _bad })
            .ConfigureAwait(false);
        return BatchTransaction.At(
            grant, outcome ?? throw new InvalidOperationException("The batch committed without an answer."));
    }

    /// <returns>The batch's rows; null when they may not be locked.</returns>
    private async Task<ArraySegment<LockedRow>?> LockAsync(NpgsqlConnection connection)
    {
        var rows = new List<LockedRow>();
        var keyColumns = "";
        await SendAsync(connection, BatchProtocol.KeyColumns(grant), answer => keyColumns = answer.GetString(0)).ConfigureAwait(false);
        try
        {
            await SendAsync(
                connection,
                BatchProtocol.LockRows(grant, whole, keyColumns),
                answer => rows.Add(new LockedRow(answer.GetString(0), answer.GetString(1), answer.GetFieldValue<uint>(2))))
                .ConfigureAwait(false);
        }
        catch (PostgresException exception) when (exception.SqlState == PostgresErrorCodes.InsufficientPrivilege)
        {
            return null;
        }

        return rows.ToArray();
    }

    /// <summary>Calls the handler for a part of the rows.</summary>
    /// <returns>The outcome when the batch ends here; null when it goes on.</returns>
    private async Task<BatchOutcome?> PartAsync(NpgsqlConnection connection, RowSpan.Rows part)
    {
        await SendAsync(connection, BatchProtocol.BeginPart).ConfigureAwait(false);
        var context = new BatchContext(connection, grant, part, ended);
        long rows = 0;
        Exception? thrown = null;
        try
        {
            rows = await HandlerCall.RunAsync(handler, context, ended).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            throw;
        }
#pragma warning disable CA1031 // The application's code: whatever it throws is its failure, not the worker's.
        catch (Exception exception)
#pragma warning restore CA1031
        {
            thrown = exception;
        }

        var fault = thrown is null
            ? await EndPartAsync(connection, context).ConfigureAwait(false)
            : RowFault.Of(context, thrown);
        if (thrown is not null && (fault is null || connection.FullState != ConnectionState.Open))
        {
            return await HandlerCall.FailedAsync(connection, grant, context, _xid, thrown, cancellationToken).ConfigureAwait(false);
        }

        // One that has sent nothing has found nothing to do.
        if (!context.FindsRowsByRange && (fault is not null || context.HasSent))
        {
            return await GiveUpAsync(connection, (fault ?? first).Failed(OwnRows)).ConfigureAwait(false);
        }

        if (fault is not null)
        {
            await SendAsync(connection, BatchProtocol.UndoPart).ConfigureAwait(false);
            return await BlameAsync(connection, part, fault).ConfigureAwait(false);
        }

        _written += rows;
        return null;
    }

    /// <summary>Keeps what the call has done; constraints that are checked at the commit are checked here, where a row is to blame.</summary>
    /// <returns>The fault that this finds, or that the handler went on after; null when the part is done.</returns>
    private async Task<RowFault?> EndPartAsync(NpgsqlConnection connection, BatchContext context)
    {
        try
        {
            await SendAsync(connection, BatchProtocol.EndPart).ConfigureAwait(false);
            return null;
        }
        catch (PostgresException exception)
            when (exception.SqlState == PostgresErrorCodes.InFailedSqlTransaction && context.Failure is not null)
        {
            return RowFault.Of(context, thrown: null) ?? throw context.Failure;
        }
        catch (PostgresException exception) when (RowFault.Of(exception) is not null)
        {
            return RowFault.Of(exception);
        }
    }

    private async Task<BatchOutcome?> BlameAsync(NpgsqlConnection connection, RowSpan.Rows part, RowFault fault)
    {
        if (part.Locked.Count > 1)
        {
            Divide(part);
            return null;
        }

        if (++_bad > BatchProtocol.MostBadRows)
        {
            return await GiveUpAsync(connection, new BatchOutcome.Failed(
                BatchSqlStates.TooManyBadRows,
                $"TOO_MANY_BAD_ROWS: more than {BatchProtocol.MostBadRows} rows of one batch can't be filled; the last error: "
                + $"{fault.Message} ({fault.SqlState})",
                FailureKind.TooManyBadRows)).ConfigureAwait(false);
        }

        await SendAsync(connection, BatchProtocol.Quarantine(grant, part.Locked[0].Key, fault.SqlState, fault.Message))
            .ConfigureAwait(false);
        return null;
    }

    private void Divide(RowSpan.Rows part)
    {
        if (part.Locked.Count == 1)
        {
            _left.Push(part);
            return;
        }

        var (former, latter) = part.Halves();
        _left.Push(latter);
        _left.Push(former);
    }

    private async Task<BatchOutcome> GiveUpAsync(NpgsqlConnection connection, BatchOutcome outcome)
    {
        await BatchTransaction.RollbackAsync(connection).ConfigureAwait(false);
        return await HandlerCall.EscapedAsync(connection, grant, _xid, cancellationToken).ConfigureAwait(false)
            ?? BatchTransaction.At(grant, outcome);
    }

    private Task SendAsync(
        NpgsqlConnection connection, IReadOnlyList<NpgsqlBatchCommand> commands, Action<NpgsqlDataReader>? onAnswer = null) =>
        BatchTransaction.ExecuteAsync(connection, grant, commands, onAnswer ?? (static _ => { }), cancellationToken);
}

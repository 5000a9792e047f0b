using System.Data;
using System.Diagnostics;
using System.Globalization;
using Npgsql;

namespace Coordinator.Worker.Batches;

/// <summary>
/// Runs one granted batch in the target: guards, statement, ledger and commit as one message. Whatever happens to this
/// process, its connection or its lease on the way, the batch's effect is in the target at most once, and not at all
/// after a newer holder has raised the epoch or the migration was paused. The target decides that, not the caller's view
/// of its lease.
/// </summary>
public static class BatchTransaction
{
    /// <summary>How long an unknown commit is looked up before the outcome is left to the next run.</summary>
    private static readonly TimeSpan SettleBound = TimeSpan.FromSeconds(10);

    private static readonly TimeSpan SettlePause = TimeSpan.FromMilliseconds(50);

    /// <summary>What client-side waiting is allowed beyond the server's own timeouts: a slow network, a slow commit.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Runs the batch. Refusals and failures are outcomes; only cancellation throws. After a cancellation the batch may
    /// or may not have committed: the ledger tells the next holder.
    /// </summary>
    /// <param name="target">The target; plain pooled connections, also through a pooler in transaction mode.</param>
    /// <param name="grant">The grant.</param>
    /// <param name="cancellationToken">Cancels the statement on the server.</param>
    public static Task<BatchOutcome> RunAsync(
        NpgsqlDataSource target, BatchGrant grant, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(target);
        ArgumentNullException.ThrowIfNull(grant);
        return RunAsync(
            target,
            grant,
            connection => CommitAsync(connection, grant, BatchProtocol.Batch(grant), cancellationToken),
            async (connection, _) => grant.Table is null
                ? null
                : await BisectAsync(connection, grant, cancellationToken).ConfigureAwait(false),
            cancellationToken);
    }

    /// <summary>
    /// Runs the batch by what <paramref name="commit"/> does, from the claim to the commit; after a row's own fault, told by an
    /// error of the target, by what <paramref name="aroundBadRows"/> does, unless that answers null: it can't help.
    /// </summary>
    internal static async Task<BatchOutcome> RunAsync(
        NpgsqlDataSource target,
        BatchGrant grant,
        Func<NpgsqlConnection, Task<BatchOutcome>> commit,
        Func<NpgsqlConnection, PostgresException, Task<BatchOutcome?>> aroundBadRows,
        CancellationToken cancellationToken)
    {
        NpgsqlConnection connection;
        try
        {
            connection = await target.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
        }
        catch (Exception exception) when (IsLostConnection(exception))
        {
            return new BatchOutcome.Unreachable(exception.Message);
        }

        Exception lost;
        await using (connection.ConfigureAwait(false))
        {
            try
            {
                return await RunAsync(connection, grant, commit, aroundBadRows, cancellationToken).ConfigureAwait(false);
            }
            catch (Exception exception) when (IsLostConnection(exception))
            {
                lost = exception;
            }
        }

        return await SettleAsync(target, grant, lost, cancellationToken).ConfigureAwait(false);
    }

    private static async Task<BatchOutcome> RunAsync(
        NpgsqlConnection connection,
        BatchGrant grant,
        Func<NpgsqlConnection, Task<BatchOutcome>> commit,
        Func<NpgsqlConnection, PostgresException, Task<BatchOutcome?>> aroundBadRows,
        CancellationToken cancellationToken)
    {
        try
        {
            if (grant.Epoch > 1)
            {
                var raised = await RaiseAsync(connection, grant, cancellationToken).ConfigureAwait(false);
                if (raised is not null)
                {
                    return raised;
                }
            }

            return await commit(connection).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (!IsLostConnection(exception))
        {
            // After an error the server skips to the end of the message and leaves the transaction open and failed.
            await RollbackAsync(connection).ConfigureAwait(false);
            return (FailureClass.Of(exception.SqlState) == FailureKind.Data
                    ? await aroundBadRows(connection, exception).ConfigureAwait(false)
                    : null)
                ?? await TranslateAsync(connection, grant, exception, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Some row can't be changed. The same grant again, behind the same guards, in one transaction that finds such rows,
    /// puts them into quarantine and changes the others.
    /// </summary>
    private static async Task<BatchOutcome> BisectAsync(
        NpgsqlConnection connection, BatchGrant grant, CancellationToken cancellationToken)
    {
        try
        {
            return await CommitAsync(connection, grant, BatchProtocol.Bisect(grant), cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (!IsLostConnection(exception))
        {
            await RollbackAsync(connection).ConfigureAwait(false);
            return await TranslateAsync(connection, grant, exception, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <returns>Null when the batch may run.</returns>
    private static async Task<BatchOutcome?> RaiseAsync(
        NpgsqlConnection connection, BatchGrant grant, CancellationToken cancellationToken)
    {
        string? verdict = null;
        await ExecuteAsync(
            connection,
            grant,
            BatchProtocol.Raise(grant),
            answer => verdict = answer.GetString(0),
            cancellationToken).ConfigureAwait(false);
        const string Superseded = "superseded:";
        return verdict switch
        {
            "raised" => null,
            "done" => await ReadDoneAsync(connection, grant, cancellationToken).ConfigureAwait(false),
            not null when verdict.StartsWith(Superseded, StringComparison.Ordinal) =>
                At(grant, new BatchOutcome.Superseded(
                    long.Parse(verdict.AsSpan(Superseded.Length), CultureInfo.InvariantCulture))),
            _ => throw new InvalidOperationException($"coordinator.raise_batch answered '{verdict}'."),
        };
    }

    private static async Task<BatchOutcome> CommitAsync(
        NpgsqlConnection connection, BatchGrant grant, IReadOnlyList<NpgsqlBatchCommand> batch, CancellationToken cancellationToken)
    {
        BatchOutcome? outcome = null;
        await ExecuteAsync(
            connection,
            grant,
            batch,
            answer => outcome = new BatchOutcome.Committed(answer.GetInt64(0), answer.GetString(1))
            {
                BadRows = answer.GetInt64(2),
                // A batch that had to look for its bad rows says nothing about the others.
                Elapsed = answer.FieldCount > 4 ? answer.GetTimeSpan(4) : null,
            },
            cancellationToken).ConfigureAwait(false);
        return At(grant, outcome ?? throw new InvalidOperationException("The batch committed without an answer."));
    }

    /// <summary>The outcome of a batch that the target refused, after its rollback.</summary>
    internal static async Task<BatchOutcome> TranslateAsync(
        NpgsqlConnection connection, BatchGrant grant, PostgresException exception, CancellationToken cancellationToken)
    {
        var message = exception.MessageText;
        return exception.SqlState switch
        {
            BatchSqlStates.FenceBusy or BatchSqlStates.BatchBusy => At(grant, new BatchOutcome.Busy(message)),
            BatchSqlStates.FenceMoved => At(grant, new BatchOutcome.FenceMoved(message)),
            BatchSqlStates.BatchDone or BatchSqlStates.LeaseSuperseded =>
                await ReadRefusalAsync(connection, grant, exception, cancellationToken).ConfigureAwait(false),
            BatchSqlStates.SyncTriggerBroken => At(grant, new BatchOutcome.SyncTriggerBroken(message)),
            BatchSqlStates.WrongTarget => new BatchOutcome.WrongTarget(message),
            BatchSqlStates.TransactionEscaped or BatchSqlStates.LedgerMissing or BatchSqlStates.WrongIsolation
                or BatchSqlStates.RangeDiffers => At(grant, new BatchOutcome.ProtocolBroken(exception.SqlState, message)),
            _ => At(grant, new BatchOutcome.Failed(exception.SqlState, message, FailureClass.Of(exception.SqlState))),
        };
    }

    /// <summary>The ledger refused us because of what it holds: what is it? If it can't be read just now, try again.</summary>
    private static async Task<BatchOutcome> ReadRefusalAsync(
        NpgsqlConnection connection, BatchGrant grant, PostgresException refusal, CancellationToken cancellationToken)
    {
        try
        {
            return await ReadDoneAsync(connection, grant, cancellationToken).ConfigureAwait(false);
        }
        catch (PostgresException exception) when (!IsLostConnection(exception))
        {
            return At(grant, new BatchOutcome.Busy($"{refusal.MessageText}; then: {exception.MessageText}"));
        }
    }

    private static async Task<BatchOutcome> ReadDoneAsync(
        NpgsqlConnection connection, BatchGrant grant, CancellationToken cancellationToken)
    {
        var entry = await ReadAsync(connection, grant, cancellationToken).ConfigureAwait(false);
        BatchOutcome outcome = entry switch
        {
            null => new BatchOutcome.Superseded(null),
            { Done: true } => new BatchOutcome.AlreadyDone(entry.Rows, entry.Xid, entry.Epoch),
            _ => new BatchOutcome.Superseded(entry.Epoch),
        };
        return At(grant, outcome);
    }

    /// <summary>
    /// The commit's answer is lost. Only the ledger knows, on a primary; while another transaction runs the batch
    /// (perhaps ours, still) it has no answer yet.
    /// </summary>
    private static async Task<BatchOutcome> SettleAsync(
        NpgsqlDataSource target, BatchGrant grant, Exception lost, CancellationToken cancellationToken)
    {
        var started = Stopwatch.GetTimestamp();
        while (true)
        {
            string why;
            try
            {
                var connection = await target.OpenConnectionAsync(cancellationToken).ConfigureAwait(false);
                await using (connection.ConfigureAwait(false))
                {
                    var entry = await ReadAsync(connection, grant, cancellationToken).ConfigureAwait(false);
                    if (entry is { Done: true })
                    {
                        BatchOutcome done = entry.LeaseId == grant.LeaseId && entry.Epoch == grant.Epoch
                            ? new BatchOutcome.Committed(entry.Rows, entry.Xid ?? "")
                            : new BatchOutcome.AlreadyDone(entry.Rows, entry.Xid, entry.Epoch);
                        return done with { SystemIdentifier = entry.SystemIdentifier, Timeline = entry.Timeline };
                    }

                    if (entry is not null && entry.Epoch > grant.Epoch)
                    {
                        return At(grant, new BatchOutcome.Superseded(entry.Epoch));
                    }

                    return new BatchOutcome.Unsettled(
                        $"The connection was lost ({lost.Message}); the ledger does not show the batch as done.");
                }
            }
            catch (Exception exception) when (exception is NpgsqlException || IsLostConnection(exception))
            {
                why = exception.Message;
            }

            if (Stopwatch.GetElapsedTime(started) > SettleBound)
            {
                return new BatchOutcome.Unsettled(
                    $"The connection was lost ({lost.Message}); the ledger could not be read: {why}");
            }

            await Task.Delay(SettlePause, TimeProvider.System, cancellationToken).ConfigureAwait(false);
        }
    }

    private static async Task<LedgerEntry?> ReadAsync(
        NpgsqlConnection connection, BatchGrant grant, CancellationToken cancellationToken)
    {
        LedgerEntry? entry = null;
        try
        {
            await ExecuteAsync(
                connection,
                grant,
                BatchProtocol.Read(grant),
                answer => entry = LedgerEntry.From(answer),
                cancellationToken).ConfigureAwait(false);
            return entry;
        }
        catch (PostgresException exception) when (!IsLostConnection(exception))
        {
            await RollbackAsync(connection).ConfigureAwait(false);
            throw;
        }
    }

    /// <summary>
    /// After a rollback: whether the transaction that claimed the batch is in the ledger nevertheless, without having
    /// finished it. Then something has committed it on the way.
    /// </summary>
    internal static async Task<bool> ClaimSurvivedAsync(
        NpgsqlConnection connection, BatchGrant grant, string xid, CancellationToken cancellationToken) =>
        await ReadAsync(connection, grant, cancellationToken).ConfigureAwait(false) is { Done: false } entry && entry.Xid == xid;

    internal static async Task ExecuteAsync(
        NpgsqlConnection connection,
        BatchGrant grant,
        IReadOnlyList<NpgsqlBatchCommand> commands,
        Action<NpgsqlDataReader> onAnswer,
        CancellationToken cancellationToken)
    {
        var batch = connection.CreateBatch();
        await using (batch.ConfigureAwait(false))
        {
            batch.Timeout = ClientTimeout(grant);
            foreach (var command in commands)
            {
                batch.BatchCommands.Add(command);
            }

            var reader = await batch.ExecuteReaderAsync(cancellationToken).ConfigureAwait(false);
            await using (reader.ConfigureAwait(false))
            {
                do
                {
                    while (await reader.ReadAsync(cancellationToken).ConfigureAwait(false))
                    {
                        if (reader.GetName(0) == BatchProtocol.AnswerColumn)
                        {
                            onAnswer(reader);
                        }
                    }
                }
                while (await reader.NextResultAsync(cancellationToken).ConfigureAwait(false));
            }
        }
    }

    /// <summary>Seconds that the client waits for one message: more than the server lets it take.</summary>
    internal static int ClientTimeout(BatchGrant grant) =>
        (int)Math.Ceiling((grant.LockTimeout + grant.StatementTimeout + Grace).TotalSeconds);

    /// <summary>
    /// Not cancellable: the connection goes back to the pool, and must not take a transaction there. Npgsql gives a
    /// connection up after errors of the server's resources (no space, no memory); then the server has rolled back.
    /// </summary>
    internal static async Task RollbackAsync(NpgsqlConnection connection)
    {
        if (connection.FullState != ConnectionState.Open)
        {
            return;
        }

        var rollback = new NpgsqlCommand("rollback", connection);
        await using (rollback.ConfigureAwait(false))
        {
            await rollback.ExecuteNonQueryAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    /// <summary>
    /// Whether the server's verdict is missing. An ERROR is a verdict: the transaction is gone. FATAL is not: a backend
    /// that is terminated while its commit waits for a standby has committed.
    /// </summary>
    internal static bool IsLostConnection(Exception exception) =>
        exception is PostgresException { InvariantSeverity: "FATAL" or "PANIC" }
            or (NpgsqlException and not PostgresException)
            or TimeoutException or IOException or System.Net.Sockets.SocketException or ObjectDisposedException;

    internal static BatchOutcome At(BatchGrant grant, BatchOutcome outcome) =>
        outcome with { SystemIdentifier = grant.SystemIdentifier, Timeline = grant.Timeline };

    private sealed record LedgerEntry(
        long SystemIdentifier, string Timeline, bool Done, long Epoch, Guid LeaseId, long Rows, string? Xid)
    {
        /// <summary>Null where the batch has no ledger row.</summary>
        public static LedgerEntry? From(NpgsqlDataReader row) =>
            row.IsDBNull(2)
                ? null
                : new LedgerEntry(
                    row.GetInt64(0),
                    row.GetString(1),
                    row.GetString(2) == "done",
                    row.GetInt64(3),
                    row.GetGuid(4),
                    row.IsDBNull(5) ? 0 : row.GetInt64(5),
                    row.IsDBNull(6) ? null : row.GetString(6));
    }
}

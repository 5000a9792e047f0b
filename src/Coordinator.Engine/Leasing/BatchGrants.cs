using Coordinator.Domain;
using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>
/// Grants batches: first those whose lease ran out, under the next epoch, then new ones, carved off the front of the
/// ranges. Everything is decided in one statement, so a batch is either carved, with a row and a lease, or still part
/// of its range; nobody waits for a lock but that of a server whose parallelism is limited, for the length of a commit;
/// and a lost answer only costs the time until the leases end.
/// </summary>
internal sealed class BatchGrants(CoordinationDatabase database, EngineOptions options)
{
    // The same request may be running on another replica, or all work may be locked by others for the length of a
    // commit; a round trip later that is over. A worker that gets nothing asks again anyway.
    private const int MostAttempts = 5;

    private const string RequestBusy = "CO106";

    public async Task<IReadOnlyList<GrantedBatch>> AcquireAsync(
        AcquireRequest request, CancellationToken cancellationToken)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                var answer = await TryAcquireAsync(request, cancellationToken);
                if (answer.Granted.Count > 0 || !answer.WorkWasLocked || attempt == MostAttempts)
                {
                    return answer.Granted;
                }
            }
            catch (PostgresException exception) when (exception.SqlState == RequestBusy)
            {
                if (attempt == MostAttempts)
                {
                    throw new EngineException(new Rejection(
                        "REQUEST_IN_PROGRESS",
                        "The same request is being answered right now.",
                        "Send it again with the same id in a moment.",
                        Kind: RejectionKind.Aborted));
                }
            }
        }
    }

    private async Task<Answer> TryAcquireAsync(AcquireRequest request, CancellationToken cancellationToken)
    {
        await using var batch = database.DataSource.CreateBatch();
        batch.BatchCommands.Add(RequestLockCommand(request));
        batch.BatchCommands.Add(ServerLockCommand(request));
        batch.BatchCommands.Add(GrantCommand(request));
        batch.BatchCommands.Add(RemainderCommand(request));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        var granted = new List<GrantedBatch>();
        while (await reader.ReadAsync(cancellationToken))
        {
            granted.Add(Read(reader));
        }

        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        if (!reader.GetBoolean(1))
        {
            throw LeasingRejections.BackfillNotFound(request.Migration);
        }

        return new Answer(granted, WorkWasLocked: reader.GetBoolean(0));
    }

    // In a statement of its own: the next one's snapshot must see what the holder of this lock committed.
    private static NpgsqlBatchCommand RequestLockCommand(AcquireRequest request) => new(
        """
        select coordinator.require_command(
            pg_try_advisory_xact_lock(hashtextextended('coordinator/acquire/' || $1::text, 0)), $2, 'the same request is running')
        """)
    {
        Parameters = { new() { Value = request.RequestId }, new() { Value = RequestBusy } },
    };

    private NpgsqlBatchCommand ServerLockCommand(AcquireRequest request)
    {
        var command = new NpgsqlBatchCommand(GrantSql.LockServers);
        AddRequest(command, request);
        return command;
    }

    private NpgsqlBatchCommand GrantCommand(AcquireRequest request)
    {
        var command = new NpgsqlBatchCommand(GrantSql.Grant);
        AddRequest(command, request);
        command.Parameters.Add(new() { Value = request.RequestId });
        command.Parameters.Add(new() { Value = options.BatchLease });
        return command;
    }

    private void AddRequest(NpgsqlBatchCommand command, AcquireRequest request)
    {
        command.Parameters.Add(new() { Value = request.Worker });
        command.Parameters.Add(new() { Value = request.Targets.ToArray() });
        command.Parameters.Add(new() { Value = request.Migration });
        command.Parameters.Add(new() { Value = (long)request.Max });
        command.Parameters.Add(new() { Value = (long)request.Parallelism });
        command.Parameters.Add(new() { Value = (long)options.ServerParallelism });
        command.Parameters.Add(new() { Value = options.TickGap });
        command.Parameters.Add(new() { Value = request.Handlers.ToArray() });
    }

    // What could be granted before the locks were taken, and was not, was locked by somebody else.
    private static NpgsqlBatchCommand RemainderCommand(AcquireRequest request) => new(
        """
        select
            current_setting('coordinator.servers') <> '{}',
            $1 = '' or exists (select from coordinator.migration where name = $1)
                or exists (select from coordinator.backfill where migration = $1)
        """)
    {
        Parameters = { new() { Value = request.Migration } },
    };

    private GrantedBatch Read(NpgsqlDataReader reader) => new()
    {
        Token = new LeaseToken(
            reader.GetString(0), reader.GetString(1), reader.GetString(2), reader.GetInt64(3), reader.GetInt64(4), reader.GetGuid(5)),
        Target = reader.GetString(6),
        FirstBlock = reader.GetInt64(7),
        EndBlock = reader.GetInt64(8),
        Statement = reader.GetString(9),
        Generation = reader.GetInt64(10),
        SystemIdentifier = reader.GetInt64(11),
        Timeline = reader.GetString(12),
        TriggerTable = reader.GetString(13),
        TriggerName = reader.GetString(14),
        Table = reader.GetString(15),
        Pause = reader.IsDBNull(16) ? TimeSpan.Zero : reader.GetTimeSpan(16),
        Handler = reader.GetString(17),
        LeaseDuration = options.BatchLease,
        LockTimeout = options.BatchLockTimeout,
        StatementTimeout = options.BatchStatementTimeout,
    };

    private sealed record Answer(IReadOnlyList<GrantedBatch> Granted, bool WorkWasLocked);
}

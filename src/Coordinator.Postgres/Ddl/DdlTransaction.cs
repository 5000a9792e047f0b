using System.Globalization;
using Npgsql;

namespace Coordinator.Postgres.Ddl;

/// <summary>
/// One attempt at a step, as one pipelined message from begin to commit: no round trip of ours lies between its first
/// lock and its end, so a stopped coordinator holds nothing. The marker is written first: a second attempt, or the rest
/// of a first one whose client is gone, meets it before it meets any lock. Guards and statements share one time budget,
/// counted in the server from the moment the lock was had.
/// </summary>
internal sealed class DdlTransaction
{
    private const string TransactionEscaped = "CO006";
    private const int TransactionTimeoutSince = 17;

    // More than the server's own limits add up to, so that only a dead connection meets it.
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(10);

    // A lock on a partitioned table is many locks, each with a lock_timeout of its own: this bounds them all.
    private static readonly TimeSpan ManyLocksMargin = TimeSpan.FromMilliseconds(50);

    private readonly NpgsqlBatch _batch;
    private readonly DdlStep _step;
    private readonly TimeSpan _lockTimeout;
    private readonly Dictionary<NpgsqlBatchCommand, string> _statements = [];
    private readonly HashSet<NpgsqlBatchCommand> _guards = [];
    private NpgsqlBatchCommand? _lock;
    private NpgsqlBatchCommand? _marker;

    private DdlTransaction(NpgsqlConnection connection, DdlStep step, TimeSpan lockTimeout)
    {
        _step = step;
        _lockTimeout = lockTimeout;
        _batch = connection.CreateBatch();
        _batch.Timeout = lockTimeout == TimeSpan.Zero ? 0 : (int)(lockTimeout + (step.MaxHold * 2) + Slack).TotalSeconds;
    }

    /// <summary>Runs the step once. <paramref name="lockTimeout"/> zero means no bound at all.</summary>
    /// <exception cref="DdlFailedException">A guard or a statement failed.</exception>
    public static async Task<DdlAttempt> RunAsync(
        NpgsqlConnection connection, DdlStep step, TimeSpan lockTimeout, CancellationToken cancellationToken)
    {
        var transaction = new DdlTransaction(connection, step, lockTimeout);
        transaction.Build(connection.PostgreSqlVersion.Major);
        await using (transaction._batch)
        {
            return await transaction.ExecuteAsync(cancellationToken);
        }
    }

    private bool IsBounded => _lockTimeout > TimeSpan.Zero;

    private void Build(int serverMajor)
    {
        Add("begin");
        Add(
            """
            select set_config('lock_timeout', $1, true), set_config('statement_timeout', $2, true),
                   set_config('idle_in_transaction_session_timeout', '5s', true), set_config('application_name', $3, true)
            """,
            Milliseconds(_lockTimeout),
            IsBounded ? Milliseconds(_lockTimeout + ManyLocksMargin) : "0",
            $"coordinator ddl {_step.Migration}/{_step.Step}");
        if (serverMajor >= TransactionTimeoutSince && IsBounded)
        {
            // Where the rest of our message never arrives: the other timeouts only count while something runs.
            Add("select set_config('transaction_timeout', $1, true)", Milliseconds((_lockTimeout * 2) + (_step.MaxHold * 2)));
        }

        _marker = Add(
            """
            insert into coordinator.applied_step (migration, step, xid, applied_at, detail)
            values ($1, $2, pg_current_xact_id(), now(), jsonb_build_object('statements', $3::int))
            """,
            _step.Migration,
            _step.Step,
            _step.Statements.Count);
        if (_step.LockTable is { } table)
        {
            _lock = Add($"lock table {table.Sql} in {Mode(_step.LockMode)} mode");
        }

        Add("select set_config('coordinator.locked_at', extract(epoch from clock_timestamp())::text, true)");
        foreach (var guard in _step.Guards)
        {
            LimitWhatIsLeft();
            var command = Add(guard.Sql, [.. guard.Parameters]);
            _guards.Add(command);
            _statements.Add(command, guard.Sql);
        }

        foreach (var statement in _step.Statements)
        {
            LimitWhatIsLeft();
            var command = _step.InFunction ? Add("select coordinator.run_statement($1)", statement) : Add(statement);
            _statements.Add(command, statement);
        }

        LimitWhatIsLeft();
        Add(
            """
            select coordinator.require(
                exists (select from coordinator.applied_step where migration = $1 and step = $2 and xid = pg_current_xact_id()),
                $3, 'the step ended its own transaction')
            """,
            _step.Migration,
            _step.Step,
            TransactionEscaped);
        Add("select (extract(epoch from clock_timestamp()) - current_setting('coordinator.locked_at')::numeric)::float8");
        Add("commit");
    }

    private async Task<DdlAttempt> ExecuteAsync(CancellationToken cancellationToken)
    {
        try
        {
            object? last = null;
            await using var reader = await _batch.ExecuteReaderAsync(cancellationToken);
            do
            {
                while (await reader.ReadAsync(cancellationToken))
                {
                    last = reader.FieldCount > 0 ? reader.GetValue(0) : null;
                }
            }
            while (await reader.NextResultAsync(cancellationToken));

            return new DdlAttempt.Done(DdlResult.Applied, last is double held ? TimeSpan.FromSeconds(held) : TimeSpan.Zero);
        }
        catch (PostgresException e) when (e.SqlState == PostgresErrorCodes.UniqueViolation && Failed() == _marker)
        {
            return new DdlAttempt.Done(DdlResult.AlreadyApplied, TimeSpan.Zero);
        }
        catch (PostgresException e) when (TargetErrors.IsBusy(e) || GaveUpWaiting(e))
        {
            return new DdlAttempt.Busy();
        }
        catch (PostgresException e) when (!TargetErrors.IsConnectionLost(e))
        {
            throw Failure(e);
        }
    }

    /// <summary>The statement timeout ended a wait of the marker or of the table lock, before anything else had run.</summary>
    private bool GaveUpWaiting(PostgresException error) =>
        error.SqlState == PostgresErrorCodes.QueryCanceled && Failed() is { } at && (at == _lock || at == _marker);

    /// <summary>
    /// The first command that the server did not complete. The exception names it only where the connection string asks
    /// for that.
    /// </summary>
    private NpgsqlBatchCommand? Failed() =>
        ((IEnumerable<NpgsqlBatchCommand>)_batch.BatchCommands).FirstOrDefault(command => command.StatementType == StatementType.Unknown);

    private DdlFailedException Failure(PostgresException error)
    {
        var command = Failed();
        var statement = command is not null && _statements.TryGetValue(command, out var known)
            ? known
            : command?.CommandText ?? "";
        var message = error.SqlState == PostgresErrorCodes.QueryCanceled
            ? $"It did not end within {_step.MaxHold.TotalMilliseconds:0} ms while other sessions had to wait, so it was stopped: a step like this must not scan or rewrite a table."
            : error.MessageText;
        return new DdlFailedException(error.SqlState, message, statement, error)
        {
            GuardFailed = command is not null && _guards.Contains(command),
        };
    }

    /// <summary>Sets the next statement's timeout to what is left of the budget. Without a lock taken first, one lock wait is on top.</summary>
    private void LimitWhatIsLeft()
    {
        if (!IsBounded)
        {
            return;
        }

        var budget = _step.LockTable is null ? _step.MaxHold + _lockTimeout : _step.MaxHold;
        Add(
            """
            select set_config('statement_timeout', greatest(1, $1::numeric - 1000 *
                (extract(epoch from clock_timestamp()) - current_setting('coordinator.locked_at')::numeric))::int::text, true)
            """,
            (decimal)budget.TotalMilliseconds);
    }

    private NpgsqlBatchCommand Add(string sql, params object[] parameters)
    {
        var command = new NpgsqlBatchCommand(sql);
        foreach (var value in parameters)
        {
            command.Parameters.Add(new NpgsqlParameter { Value = value });
        }

        _batch.BatchCommands.Add(command);
        return command;
    }

    private static string Mode(DdlLockMode mode) => mode switch
    {
        DdlLockMode.ShareUpdateExclusive => "share update exclusive",
        DdlLockMode.ShareRowExclusive => "share row exclusive",
        DdlLockMode.AccessExclusive => "access exclusive",
        _ => throw new ArgumentOutOfRangeException(nameof(mode), mode, null),
    };

    private static string Milliseconds(TimeSpan time) => ((long)time.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}

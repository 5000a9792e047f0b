using System.Globalization;
using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Locks;
using Npgsql;

namespace Coordinator.Postgres.Ddl;

/// <summary>The connection that builds an index: outside any transaction, without timeouts, holding the table's advisory lock.</summary>
internal sealed class IndexSession : IAsyncDisposable
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromSeconds(1);

    private readonly NpgsqlDataSource _source;
    private readonly NpgsqlConnection _connection;
    private readonly TimeProvider _timeProvider;
    private readonly IProgress<DdlWait>? _progress;
    private readonly int _attempt;
    private AdvisoryLockKey? _held;

    private IndexSession(
        NpgsqlDataSource source, NpgsqlConnection connection, TimeProvider timeProvider, IProgress<DdlWait>? progress, int attempt)
    {
        _source = source;
        _connection = connection;
        _timeProvider = timeProvider;
        _progress = progress;
        _attempt = attempt;
    }

    public static async Task<IndexSession> OpenAsync(
        NpgsqlDataSource source,
        TimeProvider timeProvider,
        IProgress<DdlWait>? progress,
        int attempt,
        CancellationToken cancellationToken)
    {
        var connection = await source.OpenConnectionAsync(cancellationToken);
        try
        {
            // Session settings: they go with the connection's reset when it returns to the pool.
            await connection.ExecuteAsync(
                "set statement_timeout = 0; set lock_timeout = 0; set application_name = 'coordinator index'", [], cancellationToken);
            return new IndexSession(source, connection, timeProvider, progress, attempt);
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    public async Task<bool> TryLockAsync(AdvisoryLockKey key, CancellationToken cancellationToken)
    {
        if (await _connection.ScalarAsync<bool>("select pg_try_advisory_lock($1)", [key.Value], cancellationToken))
        {
            _held = key;
            return true;
        }

        return false;
    }

    /// <summary>True: there and valid. False: there and not. Null: not there.</summary>
    /// <exception cref="DdlFailedException">The name belongs to something else.</exception>
    public async Task<bool?> LookAsync(TableName table, string indexName, CancellationToken cancellationToken)
    {
        var found = await _connection.QueryAsync(
            """
            select x.indexrelid is not null and t.relname = $2 and tn.nspname = $1, coalesce(x.indisvalid and x.indisready, false)
            from pg_catalog.pg_class i
            join pg_catalog.pg_namespace n on n.oid = i.relnamespace
            left join pg_catalog.pg_index x on x.indexrelid = i.oid
            left join pg_catalog.pg_class t on t.oid = x.indrelid
            left join pg_catalog.pg_namespace tn on tn.oid = t.relnamespace
            where n.nspname = $1 and i.relname = $3
            """,
            [table.Schema, table.Name, indexName],
            row => (IsOurs: row.GetBoolean(0), IsValid: row.GetBoolean(1)),
            cancellationToken);
        return found switch
        {
            [] => null,
            [{ IsOurs: true } index, ..] => index.IsValid,
            _ => throw new DdlFailedException(
                PostgresErrorCodes.DuplicateTable,
                $"Schema '{table.Schema}' has a '{indexName}' already, which is no index of {table}.",
                ""),
        };
    }

    public async Task DropAsync(TableName table, string indexName, CancellationToken cancellationToken)
    {
        await using var command = _connection.Command(
            $"drop index concurrently if exists {Identifier.Quote(table.Schema)}.{Identifier.Quote(indexName)}");
        command.CommandTimeout = 0;
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    /// <summary>Runs the statement and reports meanwhile how far it is and whom it waits for.</summary>
    public async Task BuildAsync(string statement, CancellationToken cancellationToken)
    {
        using var done = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var watch = WatchAsync(_connection.ProcessID, done.Token);
        try
        {
            await using var command = _connection.Command(statement);
            command.CommandTimeout = 0;
            await command.ExecuteNonQueryAsync(cancellationToken);
        }
        finally
        {
            await done.CancelAsync();
            await watch;
        }
    }

    public async ValueTask DisposeAsync()
    {
        try
        {
            if (_held is { } key && _connection.State == System.Data.ConnectionState.Open)
            {
                // The pool resets a connection only when it is used again, so the lock is given back here.
                await _connection.ExecuteAsync("select pg_advisory_unlock($1)", [key.Value], CancellationToken.None);
            }
        }
        catch (NpgsqlException)
        {
            // The connection is broken: the server gives the lock back when it has noticed.
        }

        await _connection.DisposeAsync();
    }

    private async Task WatchAsync(int pid, CancellationToken cancellationToken)
    {
        if (_progress is null)
        {
            return;
        }

        try
        {
            while (true)
            {
                await Task.Delay(WatchInterval, _timeProvider, cancellationToken);
                await ReportAsync(pid, cancellationToken);
            }
        }
        catch (Exception e) when (e is OperationCanceledException or NpgsqlException)
        {
            // The build has ended, or can't be watched; it is the build that decides.
        }
    }

    private async Task ReportAsync(int pid, CancellationToken cancellationToken)
    {
        await using var connection = await _source.OpenConnectionAsync(cancellationToken);
        var seen = await connection.QueryAsync(
            """
            select p.phase, p.blocks_done, p.blocks_total, p.current_locker_pid::int, a.usename::text, a.application_name, a.state,
                   extract(epoch from clock_timestamp() - a.xact_start)::float8
            from pg_catalog.pg_stat_progress_create_index p
            left join pg_catalog.pg_stat_activity a on a.pid = p.current_locker_pid and p.current_locker_pid <> 0
            where p.pid = $1
            """,
            [pid],
            row => row.IsDBNull(4)
                ? string.Create(CultureInfo.InvariantCulture, $"{row.GetString(0)}, {row.GetInt64(1)} of {row.GetInt64(2)} blocks")
                : $"{row.GetString(0)}: {Locker(row)}",
            cancellationToken);
        foreach (var text in seen)
        {
            _progress?.Report(new DdlWait(DdlWaitReason.IndexBuild, text, _attempt));
        }
    }

    private static LockBlocker Locker(NpgsqlDataReader row) => new(
        row.GetInt32(3),
        null,
        row.GetString(4),
        row.IsDBNull(5) ? null : row.GetString(5),
        row.IsDBNull(6) ? null : row.GetString(6),
        false,
        false,
        row.IsDBNull(7) ? null : TimeSpan.FromSeconds(Math.Max(0, row.GetDouble(7))));
}

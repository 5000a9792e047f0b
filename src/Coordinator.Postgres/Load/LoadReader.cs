using System.Diagnostics;
using Npgsql;

namespace Coordinator.Postgres.Load;

/// <summary>Looks at what a target has to carry, cheaply enough for twice a second and with a time limit.</summary>
public static class LoadReader
{
    // Sessions of ours are those that call themselves so. Blockers are only looked up for sessions that wait: that takes the lock
    // table's own locks for a moment.
    private const string Sql =
        """
        with me as materialized (
            select pg_has_role(current_user, 'pg_read_all_stats', 'usage')
                or coalesce((select rolsuper from pg_roles where rolname = current_user), false) as sees
        ), wal as materialized (
            select pg_current_wal_lsn() as lsn
        ), waiting as materialized (
            select a.pid, l.relation, coalesce(l.waitstart, a.query_start) as since
            from pg_stat_activity a join pg_locks l on l.pid = a.pid and not l.granted
            where a.datname = current_database() and a.wait_event_type = 'Lock' and a.application_name not like 'coordinator%'
        ), behind as materialized (
            select w.since from waiting w
            where exists (
                select from unnest(pg_blocking_pids(w.pid)) as blocking(pid) join pg_stat_activity o on o.pid = blocking.pid
                where o.application_name like 'coordinator-worker%')
        ), relation as materialized (
            select c.oid, c.reltuples, c.reloptions from pg_class c where c.oid = to_regclass($1)
        )
        select me.sees,
            pg_wal_lsn_diff(wal.lsn, '0/0')::float8,
            (select max(pg_wal_lsn_diff(wal.lsn, replay_lsn))::float8 from pg_stat_replication where replay_lsn is not null),
            (select max(extract(epoch from replay_lag))::float8 from pg_stat_replication where replay_lsn is not null),
            (select max(pg_wal_lsn_diff(wal.lsn, restart_lsn))::float8 from pg_replication_slots where not active),
            current_setting('archive_mode') <> 'off',
            coalesce((select last_failed_time > coalesce(last_archived_time, '-infinity') from pg_stat_archiver), false),
            (select extract(epoch from clock_timestamp() - min(since))::float8 * 1000 from behind),
            (select count(*) from waiting w join relation r on r.oid = w.relation),
            (select extract(epoch from clock_timestamp() - min(a.xact_start))::float8
                from pg_stat_activity a
                where a.datname = current_database() and a.pid <> pg_backend_pid() and (a.backend_xmin is not null or a.backend_xid is not null)
                    and a.application_name not like 'coordinator%' and a.backend_type = 'client backend'),
            (select s.n_dead_tup / greatest(1, option.threshold + option.scale * greatest(r.reltuples, 0))
                from relation r join pg_stat_user_tables s on s.relid = r.oid
                    cross join lateral (
                        select
                            coalesce((select option_value::float8 from pg_options_to_table(r.reloptions)
                                where option_name = 'autovacuum_vacuum_threshold'),
                                current_setting('autovacuum_vacuum_threshold')::float8) as threshold,
                            coalesce((select option_value::float8 from pg_options_to_table(r.reloptions)
                                where option_name = 'autovacuum_vacuum_scale_factor'),
                                current_setting('autovacuum_vacuum_scale_factor')::float8) as scale
                    ) option)::float8,
            (select count(*) from pg_stat_activity a join pg_roles u on u.oid = a.usesysid cross join relation r
                where a.datname = current_database() and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
                    and a.application_name not like 'coordinator%' and a.usename <> all ($2)
                    and (a.state <> 'idle' or a.state_change > clock_timestamp() - interval '10 s')
                    and has_table_privilege(u.oid, r.oid, 'insert, update, delete')),
            has_function_privilege('pg_ls_archive_statusdir()', 'execute')
        from me cross join wal
        """;

    /// <summary>Looks once.</summary>
    /// <param name="source">The target.</param>
    /// <param name="table">The table that is filled, quoted.</param>
    /// <param name="ignoredRoles">Roles whose sessions are never an application's.</param>
    /// <param name="timeout">How long the look may take in the target.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="NpgsqlException">The target could not be asked, or did not answer in time; nobody knows its load.</exception>
    public static async Task<TargetLoad> ReadAsync(
        NpgsqlDataSource source,
        string table,
        IReadOnlyCollection<string> ignoredRoles,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(ignoredRoles);
        var began = Stopwatch.GetTimestamp();
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var (load, mayListArchive) = await LookAsync(connection, table, ignoredRoles, timeout, cancellationToken);
        load = load with { ResponseTime = Stopwatch.GetElapsedTime(began) };
        return load.Archives && mayListArchive
            ? load with { ArchiveBacklog = await BacklogAsync(connection, timeout, cancellationToken) }
            : load;
    }

    /// <summary>
    /// Runs a user's own check, read-only and with the time limit. True or null (no row) is a go, false a stop; a number is returned
    /// to be compared.
    /// </summary>
    /// <exception cref="NpgsqlException">It failed, or did not answer in time.</exception>
    public static async Task<object?> CheckAsync(
        NpgsqlDataSource source, string sql, TimeSpan timeout, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await using var settings = new NpgsqlCommand(
            """
            select set_config('transaction_read_only', 'on', true), set_config('statement_timeout', $1, true),
                set_config('lock_timeout', $1, true)
            """,
            connection,
            transaction);
        settings.Parameters.Add(new NpgsqlParameter<string> { TypedValue = Milliseconds(timeout) });
        await settings.ExecuteNonQueryAsync(cancellationToken);
#pragma warning disable CA2100 // The operator's own query: that is what it is for.
        await using var check = new NpgsqlCommand(sql, connection, transaction);
#pragma warning restore CA2100
        return await check.ExecuteScalarAsync(cancellationToken) is { } value and not DBNull ? value : null;
    }

    private static async Task<(TargetLoad Load, bool MayListArchive)> LookAsync(
        NpgsqlConnection connection,
        string table,
        IReadOnlyCollection<string> ignoredRoles,
        TimeSpan timeout,
        CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(LimitCommand(timeout));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(Sql)
        {
            Parameters =
            {
                new NpgsqlParameter<string> { TypedValue = table },
                new NpgsqlParameter<string[]> { TypedValue = [.. ignoredRoles] },
            },
        });
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return (Read(reader), reader.GetBoolean(12));
    }

    private static TargetLoad Read(NpgsqlDataReader reader) => new()
    {
        SeesOthers = reader.GetBoolean(0),
        WalPosition = reader.GetDouble(1),
        ReplicaLagBytes = Optional(reader, 2),
        ReplicaLagSeconds = Optional(reader, 3),
        InactiveSlotBytes = Optional(reader, 4),
        Archives = reader.GetBoolean(5),
        ArchiveFailing = reader.GetBoolean(6),
        WaitBehindUsMilliseconds = Optional(reader, 7),
        WaitingOnTable = reader.GetInt64(8),
        OldestTransactionSeconds = Optional(reader, 9),
        DeadRows = Optional(reader, 10),
        RecentWriters = reader.GetInt64(11),
    };

    private static async Task<double> BacklogAsync(
        NpgsqlConnection connection, TimeSpan timeout, CancellationToken cancellationToken)
    {
        await using var batch = new NpgsqlBatch(connection);
        batch.BatchCommands.Add(LimitCommand(timeout));
        batch.BatchCommands.Add(new NpgsqlBatchCommand(
            "select count(*)::float8 from pg_ls_archive_statusdir() where name like '%.ready'"));
        await using var reader = await batch.ExecuteReaderAsync(cancellationToken);
        await reader.NextResultAsync(cancellationToken);
        await reader.ReadAsync(cancellationToken);
        return reader.GetDouble(0);
    }

    private static NpgsqlBatchCommand LimitCommand(TimeSpan timeout) => new("select set_config('statement_timeout', $1, true)")
    {
        Parameters = { new NpgsqlParameter<string> { TypedValue = Milliseconds(timeout) } },
    };

    private static double? Optional(NpgsqlDataReader reader, int column) =>
        reader.IsDBNull(column) ? null : reader.GetDouble(column);

    private static string Milliseconds(TimeSpan span) =>
        Math.Max(1, (long)span.TotalMilliseconds).ToString(System.Globalization.CultureInfo.InvariantCulture);
}

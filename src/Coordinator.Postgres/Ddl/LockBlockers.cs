using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Ddl;

/// <summary>Who holds a lock that an attempt would have to wait for. Others' sessions are seen in full with pg_monitor only.</summary>
internal static class LockBlockers
{
    private const int MostNamed = 10;

    // A prepared transaction's locks have no pid; its own transaction id is one of them, under the same virtual transaction.
    private const string Query =
        """
        with locked as (
            select l.pid, l.virtualtransaction
            from pg_catalog.pg_locks l
            where l.locktype = 'relation' and l.granted
              and l.pid is distinct from pg_catalog.pg_backend_pid()
              and l.database = (select oid from pg_catalog.pg_database where datname = pg_catalog.current_database())
              and case when $1::text is null
                       then l.relation >= 16384
                       else l.relation in (select c.oid from pg_catalog.pg_class c
                                           join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                                           where n.nspname = $1 and c.relname = $2
                                           union
                                           select t.relid from pg_catalog.pg_class c
                                           join pg_catalog.pg_namespace n on n.oid = c.relnamespace
                                           cross join lateral pg_catalog.pg_partition_tree(c.oid) t
                                           where n.nspname = $1 and c.relname = $2) end
              and l.mode = any ($3)
        )
        select distinct on (k.pid, p.gid)
               k.pid, p.gid, coalesce(a.usename, p.owner)::text, a.application_name, a.state,
               coalesce(a.backend_type = 'autovacuum worker', false),
               coalesce(a.backend_type = 'autovacuum worker' and a.query like '%(to prevent wraparound)%', false),
               extract(epoch from clock_timestamp() - coalesce(a.xact_start, p.prepared))::float8
        from locked k
        left join pg_catalog.pg_stat_activity a on a.pid = k.pid
        left join pg_catalog.pg_locks x
             on k.pid is null and x.pid is null and x.locktype = 'transactionid' and x.virtualtransaction = k.virtualtransaction
        left join pg_catalog.pg_prepared_xacts p on p.transaction = x.transactionid
        """;

    /// <summary>Those in the way of a lock on the table; of any lock in the database where there is no table.</summary>
    public static async Task<IReadOnlyList<LockBlocker>> ReadAsync(
        NpgsqlConnection connection, TableName? table, DdlLockMode mode, CancellationToken cancellationToken)
    {
        await using var command = connection.Command(Query);
        command.Parameters.Add(new() { Value = (object?)table?.Schema ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = (object?)table?.Name ?? DBNull.Value, NpgsqlDbType = NpgsqlTypes.NpgsqlDbType.Text });
        command.Parameters.Add(new() { Value = Conflicting(mode) });
        var found = new List<LockBlocker>();
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        while (await reader.ReadAsync(cancellationToken))
        {
            found.Add(Map(reader));
        }

        return [.. found.OrderByDescending(blocker => blocker.Age ?? TimeSpan.Zero).Take(MostNamed)];
    }

    private static LockBlocker Map(NpgsqlDataReader row) => new(
        row.IsDBNull(0) ? null : row.GetInt32(0),
        row.IsDBNull(1) ? null : row.GetString(1),
        row.IsDBNull(2) ? null : row.GetString(2),
        row.IsDBNull(3) ? null : row.GetString(3),
        row.IsDBNull(4) ? null : row.GetString(4),
        row.GetBoolean(5),
        row.GetBoolean(6),
        row.IsDBNull(7) ? null : TimeSpan.FromSeconds(Math.Max(0, row.GetDouble(7))));

    private static string[] Conflicting(DdlLockMode mode)
    {
        string[] strong =
            ["ShareUpdateExclusiveLock", "ShareLock", "ShareRowExclusiveLock", "ExclusiveLock", "AccessExclusiveLock"];
        return mode switch
        {
            DdlLockMode.ShareUpdateExclusive => strong,
            DdlLockMode.ShareRowExclusive => [.. strong, "RowExclusiveLock"],
            _ => [.. strong, "RowExclusiveLock", "RowShareLock", "AccessShareLock"],
        };
    }
}

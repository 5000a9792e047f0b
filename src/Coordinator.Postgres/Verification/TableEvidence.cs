using Coordinator.Postgres.Catalog;
using Coordinator.Postgres.Ddl;
using Npgsql;

namespace Coordinator.Postgres.Verification;

/// <summary>
/// What shows that nobody touched a table, or the trigger that keeps its rows in sync, since another look: files, columns,
/// partitions, and the very versions (xmin) of the catalogue's rows for the trigger, its function, and triggers that run after
/// it. Disabling a trigger and enabling it again leaves everything as it was, but not xmin; so while two looks are the same,
/// every write between them went through the trigger. A freeze keeps xmin; where something else changes it without need (a
/// dump and restore, VACUUM FULL of the table), the table looks touched although it is not, which costs a scan and no more.
/// </summary>
/// <param name="Hash">A hash of all that; empty when there is no such table.</param>
/// <param name="Problem">Why the trigger does not keep rows in sync now, on the table or a partition; null when it does.</param>
public sealed record TableEvidence(string Hash, string? Problem)
{
    /// <summary>SQLSTATE of <see cref="Guard"/>.</summary>
    public const string TouchedSqlState = "CO021";

    // No function that takes a lock: somebody's DDL that waits must not make this wait behind it.
    private const string Relations =
        """
        with recursive relation as (
          select pg_catalog.to_regclass($1)::oid as oid
          union all
          select i.inhrelid from pg_catalog.pg_inherits as i join relation as r on r.oid = i.inhparent
        )
        """;

    private const string HashSql =
        """
        select coalesce(pg_catalog.md5(string_agg(concat_ws(' ', c.oid, pg_catalog.pg_relation_filenode(c.oid), a.columns, t.triggers), ';'
                 order by c.oid)), '')
          from relation as r
          join pg_catalog.pg_class as c on c.oid = r.oid
          cross join lateral (
            select string_agg(concat_ws(',', attnum, atttypid, attcollation), ' ' order by attnum) as columns
              from pg_catalog.pg_attribute where attrelid = c.oid and attnum > 0 and not attisdropped) as a
          cross join lateral (
            select string_agg(concat_ws(',', g.oid, g.xmin::text, g.tgenabled, p.oid, p.xmin::text), ' ' order by g.oid) as triggers
              from pg_catalog.pg_trigger as g join pg_catalog.pg_proc as p on p.oid = g.tgfoid
             where g.tgrelid = c.oid and g.tgtype & 3 = 3 and g.tgtype & 20 <> 0
               and (g.tgname = $2::name or (g.tgname > $2::name and g.tgname not like 'zz\_coordinator\_%'))) as t
        """;

    /// <summary>Looks.</summary>
    /// <param name="source">The target.</param>
    /// <param name="migration">The migration that installed the trigger.</param>
    /// <param name="table">The table; with it, its partitions.</param>
    /// <param name="trigger">The trigger; null where the migration has none on the table.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    public static async Task<TableEvidence> ReadAsync(
        NpgsqlDataSource source, string migration, TableName table, string? trigger, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(table);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        var found = await connection.QueryAsync(
            $"""
            {Relations}
            select ({HashSql}),
                   case when $2 <> '' then (
                     select min(coordinator.trigger_problem($3, pg_catalog.format('%I.%I', n.nspname, c.relname), $2))
                       from relation as r join pg_catalog.pg_class as c on c.oid = r.oid
                       join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
                      where c.relkind in ('r', 'p')) end
            """,
            [table.Sql, trigger ?? "", migration],
            row => new TableEvidence(row.GetString(0), row.IsDBNull(1) ? null : row.GetString(1)),
            cancellationToken);
        return found[0];
    }

    /// <summary>Raises, in a transaction that has the table locked, when it no longer is as it was seen.</summary>
    public static DdlGuard Guard(TableName table, string trigger, string hash)
    {
        ArgumentNullException.ThrowIfNull(table);
        return new DdlGuard(
            $"""
            {Relations}
            select coordinator.require(
                ({HashSql}) = $3, '{TouchedSqlState}',
                'TABLE_TOUCHED: the table, its partitions or its sync trigger were changed after the last verification')
            """,
            table.Sql,
            trigger,
            hash);
    }
}

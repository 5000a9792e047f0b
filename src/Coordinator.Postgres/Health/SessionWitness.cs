using Coordinator.Postgres.Catalog;
using Npgsql;

namespace Coordinator.Postgres.Health;

/// <summary>
/// Reads from <c>pg_stat_activity</c> who is connected to the target and could use the given tables. Left out are
/// Coordinator's own sessions, the roles that the caller ignores, and roles without any right on the tables. A role that
/// may become another by SET ROLE has that one's rights too. A role that reaches a table only through a SECURITY DEFINER
/// function or a view has no right on it, and is not seen here.
/// </summary>
public static class SessionWitness
{
    private const string OwnLabelPrefix = "coordinator";

    private const string CanSee =
        """
        select pg_catalog.pg_has_role(current_user, 'pg_read_all_stats', 'usage')
               or exists (select from pg_catalog.pg_roles where rolname = current_user and rolsuper)
        """;

    private const string Sessions =
        """
        with wanted as (
            select c.oid
            from unnest($1::text[], $2::text[]) as w (nspname, relname)
            join pg_catalog.pg_namespace n on n.nspname = w.nspname
            join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.relname
        ),
        able as (
            select r.oid
            from pg_catalog.pg_roles r
            where r.rolsuper or exists (
                select from wanted
                join pg_catalog.pg_roles m on pg_catalog.pg_has_role(r.oid, m.oid, 'member')
                where pg_catalog.has_table_privilege(m.oid, wanted.oid, 'select, insert, update, delete, truncate')
                   or pg_catalog.has_any_column_privilege(m.oid, wanted.oid, 'select, insert, update'))
        )
        select a.pid, a.usename::text, coalesce(a.application_name, ''), a.backend_start, coalesce(a.state, 'unknown'),
               case when a.state = 'idle' then greatest(pg_catalog.clock_timestamp() - a.state_change, interval '0') end
        from pg_catalog.pg_stat_activity a
        where a.datname = pg_catalog.current_database() and a.backend_type = 'client backend'
          and a.pid <> pg_catalog.pg_backend_pid()
          and (a.usename is null or a.usename <> all ($3))
          and not (starts_with(a.application_name, $5) and a.usename = any ($4))
          and (a.usesysid is null or a.usesysid in (select oid from able))
        order by a.backend_start, a.pid
        """;

    /// <summary>As the other overload, with the reading role as the only one of ours.</summary>
    public static Task<WitnessReport> ReadAsync(
        NpgsqlDataSource source,
        IReadOnlyList<string> ignoredRoles,
        IReadOnlyList<TableName> tables,
        CancellationToken cancellationToken) =>
        ReadAsync(source, [], ignoredRoles, tables, cancellationToken);

    /// <summary>
    /// Sessions of <paramref name="ownRoles"/> and of the reading role are left out only where they also carry a label
    /// that begins with <c>coordinator</c>: neither a label nor a shared role alone hides anybody.
    /// </summary>
    public static async Task<WitnessReport> ReadAsync(
        NpgsqlDataSource source,
        IReadOnlyList<string> ownRoles,
        IReadOnlyList<string> ignoredRoles,
        IReadOnlyList<TableName> tables,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(ownRoles);
        ArgumentNullException.ThrowIfNull(ignoredRoles);
        ArgumentNullException.ThrowIfNull(tables);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        if (await WhyBlindAsync(connection, tables, cancellationToken) is { } why)
        {
            return new WitnessReport(false, why, []);
        }

        var own = await connection.ScalarAsync<string>("select session_user::text", [], cancellationToken);
        var sessions = await connection.QueryAsync(
            Sessions,
            [
                tables.Select(table => table.Schema).ToArray(),
                tables.Select(table => table.Name).ToArray(),
                ignoredRoles.ToArray(),
                ownRoles.Append(own!).ToArray(),
                OwnLabelPrefix,
            ],
            row => new WitnessedSession(
                row.GetInt32(0),
                row.IsDBNull(1) ? "" : row.GetString(1),
                row.GetString(2),
                row.GetFieldValue<DateTimeOffset>(3),
                row.GetString(4),
                row.IsDBNull(5) ? null : row.GetFieldValue<TimeSpan>(5)),
            cancellationToken);
        return new WitnessReport(true, null, sessions);
    }

    private static async Task<string?> WhyBlindAsync(
        NpgsqlConnection connection, IReadOnlyList<TableName> tables, CancellationToken cancellationToken)
    {
        if (!await connection.ScalarAsync<bool>(CanSee, [], cancellationToken))
        {
            var role = await connection.ScalarAsync<string>("select current_user::text", [], cancellationToken);
            return $"Role '{role}' can't see other roles' sessions: grant it pg_monitor or pg_read_all_stats.";
        }

        foreach (var table in tables)
        {
            // A right on a table that isn't found can't be looked up, and nobody having it would look like nobody there.
            if (await CatalogReader.FindAsync(connection, table, cancellationToken) is null)
            {
                return $"There is no table {table} to ask about.";
            }
        }

        return null;
    }
}

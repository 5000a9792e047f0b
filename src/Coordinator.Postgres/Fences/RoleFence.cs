using Npgsql;

namespace Coordinator.Postgres.Fences;

/// <summary>
/// Keeps the roles of versions that are shut out away from what is guarded: they lose login and rights in one transaction, which
/// remembers both; their sessions are ended; what they left behind is looked for. Every method may be repeated, and stopped
/// anywhere. Orders carry the migration's revision: an older one is refused with SQLSTATE <see cref="Superseded"/>, so a driver that
/// was paused can neither raise a fence that was lifted meanwhile, nor lift one that was raised again.
/// </summary>
public static class RoleFence
{
    /// <summary>The SQLSTATE of an order that is older than the last one.</summary>
    public const string Superseded = "CO020";

    private const string LockTimeout = "500ms";
    private const string StatementTimeout = "5s";

    // What shares a role's rights by membership is waited for, never ended: it may be anybody. Our own session is no application.
    private const string Remnants =
        """
        with fenced as (
            select r.oid, f.fenced_at from coordinator.role_fence f join pg_catalog.pg_roles r on r.rolname = f.role where f.migration = $1
        ),
        member as (
            select m.oid, min(f.fenced_at) as fenced_at
            from fenced f join pg_catalog.pg_roles m on pg_catalog.pg_has_role(m.oid, f.oid, 'member')
            where not m.rolsuper and m.oid not in (select oid from fenced) and m.rolname <> current_user
            group by m.oid
        )
        select 0, a.usename::text, a.pid, coalesce(a.application_name, ''),
               extract(epoch from clock_timestamp() - a.backend_start)::float8
        from pg_catalog.pg_stat_activity a
        where a.datname = pg_catalog.current_database() and a.usesysid in (select oid from fenced) and a.pid <> pg_catalog.pg_backend_pid()
        union all
        select 1, a.usename::text, a.pid, coalesce(a.application_name, ''), extract(epoch from clock_timestamp() - a.xact_start)::float8
        from pg_catalog.pg_stat_activity a join member m on m.oid = a.usesysid
        where a.datname = pg_catalog.current_database() and a.xact_start < m.fenced_at
        union all
        select 2, p.owner::text, null, p.gid, extract(epoch from clock_timestamp() - p.prepared)::float8
        from pg_catalog.pg_prepared_xacts p join pg_catalog.pg_roles r on r.rolname = p.owner
        where p.database = pg_catalog.current_database()
          and (r.oid in (select oid from fenced) or exists (select from member m where m.oid = r.oid and p.prepared < m.fenced_at))
        order by 1, 2, 3
        """;

    /// <summary>The names of all roles of the server but PostgreSQL's own.</summary>
    public static async Task<IReadOnlyList<string>> RoleNamesAsync(NpgsqlDataSource source, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            "select rolname::text from pg_catalog.pg_roles where rolname !~ '^pg_' order by 1", [], row => row.GetString(0), cancellationToken);
    }

    /// <summary>Takes login and rights from one role; changes nothing where both are gone.</summary>
    /// <exception cref="PostgresException">Coordinator's role lacks a right (42501), the role granted its rights on (2BP01), a lock
    /// was not to be had (55P03), or the order is an old one.</exception>
    public static async Task RaiseAsync(
        NpgsqlDataSource source,
        string migration,
        long generation,
        string role,
        IReadOnlyCollection<GuardedRelation> guarded,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(guarded);
        await InTransactionAsync(
            source,
            """
            select coordinator.raise_role_fence($1, $2, $3, array(
                select distinct t.relid
                from unnest($4::text[], $5::text[]) as w (nspname, relname)
                join pg_catalog.pg_namespace n on n.nspname = w.nspname
                join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.relname
                cross join lateral (select c.oid as relid union select p.relid from pg_catalog.pg_partition_tree(c.oid) p) t
                order by 1))
            """,
            [
                migration,
                generation,
                role,
                guarded.Select(relation => relation.Table.Schema).ToArray(),
                guarded.Select(relation => relation.Table.Name).ToArray(),
            ],
            cancellationToken);
    }

    /// <summary>The roles that the migration has fenced in this database.</summary>
    public static async Task<IReadOnlyList<string>> FencedAsync(
        NpgsqlDataSource source, string migration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            "select role from coordinator.role_fence where migration = $1", [migration], row => row.GetString(0), cancellationToken);
    }

    /// <summary>Gives every role of the migration back what it lost.</summary>
    /// <exception cref="PostgresException">As for raising.</exception>
    public static Task LiftAsync(NpgsqlDataSource source, string migration, long generation, CancellationToken cancellationToken) =>
        InTransactionAsync(source, "select coordinator.lift_role_fences($1, $2)", [migration, generation], cancellationToken);

    /// <summary>Keeps the migration's fences for good: what another migration gives back later does not open them.</summary>
    public static Task KeepAsync(NpgsqlDataSource source, string migration, CancellationToken cancellationToken) => InTransactionAsync(
        source, "update coordinator.role_fence set permanent = true where migration = $1 and not permanent", [migration], cancellationToken);

    /// <summary>
    /// Ends the sessions that fenced roles have in this database. A session that is just starting may come after it; it has no
    /// rights, and the next call ends it.
    /// </summary>
    /// <exception cref="PostgresException">42501: Coordinator's role may not end them.</exception>
    public static async Task EndSessionsAsync(NpgsqlDataSource source, string migration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await connection.ExecuteAsync(
            """
            select pg_catalog.pg_terminate_backend(a.pid)
            from pg_catalog.pg_stat_activity a
            join pg_catalog.pg_roles r on r.oid = a.usesysid
            join coordinator.role_fence f on f.role = r.rolname and f.migration = $1
            where a.datname = pg_catalog.current_database() and a.pid <> pg_catalog.pg_backend_pid()
            """,
            [migration],
            cancellationToken);
    }

    /// <summary>What is left of the migration's fenced roles in this database.</summary>
    public static async Task<IReadOnlyList<FenceRemnant>> RemnantsAsync(
        NpgsqlDataSource source, string migration, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await connection.QueryAsync(
            Remnants,
            [migration],
            row => new FenceRemnant(
                (FenceRemnantKind)row.GetInt32(0),
                row.GetString(1),
                row.IsDBNull(2) ? null : row.GetInt32(2),
                row.GetString(3),
                TimeSpan.FromSeconds(Math.Max(0, row.GetDouble(4)))),
            cancellationToken);
    }

    /// <summary>The postcondition: through what the roles could still reach what is guarded; empty where the fence holds.</summary>
    public static async Task<IReadOnlyList<RolePower>> PowersAsync(
        NpgsqlDataSource source,
        IReadOnlyCollection<string> roles,
        IReadOnlyCollection<GuardedRelation> guarded,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        return await RolePowers.ReadAsync(connection, roles, guarded, cancellationToken);
    }

    /// <summary>The same as a condition of a transaction, for the step that drops what is guarded.</summary>
    public static Ddl.DdlGuard Guard(IReadOnlyCollection<string> roles, IReadOnlyCollection<GuardedRelation> guarded) =>
        new(RolePowers.Guard, RolePowers.Parameters(roles, guarded));

    private static async Task InTransactionAsync(
        NpgsqlDataSource source, string sql, object[] parameters, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(source);
        await using var connection = await source.OpenConnectionAsync(cancellationToken);
        await using var transaction = await connection.BeginTransactionAsync(cancellationToken);
        await connection.ExecuteAsync(
            $"set local lock_timeout = '{LockTimeout}'; set local statement_timeout = '{StatementTimeout}'", [], cancellationToken);
        await connection.ExecuteAsync(sql, parameters, cancellationToken);
        await transaction.CommitAsync(cancellationToken);
    }
}

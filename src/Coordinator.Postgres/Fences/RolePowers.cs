using Npgsql;

namespace Coordinator.Postgres.Fences;

/// <summary>
/// Everything through which roles can read or write guarded columns: the postcondition of a fence, and before it the question
/// whether a fence could hold. A REVOKE does nothing against a group's grant, PUBLIC's, ownership, or one by another grantor, so
/// all of these are looked for; what none of them explains is still found by <c>has_column_privilege</c>.
/// </summary>
public static class RolePowers
{
    // $1 roles, $2 schemas, $3 tables, $4 columns ('' for any).
    private const string Query =
        """
        with wanted as (
            select distinct t.relid as relation, a.attnum
            from unnest($2::text[], $3::text[], $4::text[]) as w (nspname, relname, attname)
            join pg_catalog.pg_namespace n on n.nspname = w.nspname
            join pg_catalog.pg_class c on c.relnamespace = n.oid and c.relname = w.relname
            cross join lateral (select c.oid as relid union select p.relid from pg_catalog.pg_partition_tree(c.oid) p) t
            left join pg_catalog.pg_attribute a on a.attrelid = t.relid and a.attname = w.attname and not a.attisdropped
            where w.attname = '' or a.attnum is not null
        ),
        subject as (
            select r.oid, r.rolname, r.rolsuper, r.rolcanlogin from pg_catalog.pg_roles r where r.rolname = any ($1::text[])
        ),
        reach as (
            select s.oid, s.rolname, m.oid as via, m.rolname as vianame, m.rolsuper as viasuper
            from subject s join pg_catalog.pg_roles m on case when s.rolsuper then m.oid = s.oid else pg_catalog.pg_has_role(s.oid, m.oid, 'member') end
        ),
        granted as (
            select c.oid as relation, g.grantee, g.grantor, g.grantor = c.relowner as byowner
            from wanted w
            join pg_catalog.pg_class c on c.oid = w.relation
            cross join lateral (
                select x.* from pg_catalog.aclexplode(c.relacl) x
                union all
                select x.* from pg_catalog.pg_attribute a cross join lateral pg_catalog.aclexplode(a.attacl) x
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and (w.attnum is null or a.attnum = w.attnum)
            ) g
            where g.privilege_type in ('SELECT', 'INSERT', 'UPDATE')
        ),
        powers (kind, role, via, relation, grantor, byowner) as (
            select 0, s.rolname, s.rolname, null::oid, null::oid, false from subject s where s.rolcanlogin
            union
            select 1, r.rolname, r.vianame, null, null, false from reach r where r.viasuper
            union
            select 2, r.rolname, r.vianame, c.oid, null, false
            from reach r join pg_catalog.pg_class c on c.relowner = r.via join wanted w on w.relation = c.oid
            union
            select case when g.grantee = r.oid then 3 else 4 end, r.rolname, r.vianame, g.relation, g.grantor, g.byowner
            from reach r join granted g on g.grantee = r.via
            union
            select 5, s.rolname, 'PUBLIC', g.relation, g.grantor, g.byowner from subject s join granted g on g.grantee = 0
            union
            select 6, s.rolname, coalesce(pg_catalog.pg_get_userbyid(nullif(g.grantee, 0)), 'PUBLIC'), g.relation, g.grantor, false
            from subject s join granted g on g.grantor = s.oid and g.grantee <> s.oid
            union
            select 7, s.rolname, s.rolname, w.relation, null, false
            from subject s cross join wanted w
            where not s.rolsuper and case when w.attnum is null
                then pg_catalog.has_any_column_privilege(s.oid, w.relation, 'select, insert, update')
                else pg_catalog.has_column_privilege(s.oid, w.relation, w.attnum, 'select, insert, update') end
        )
        select p.kind, p.role::text, p.via::text, coalesce(p.relation::regclass::text, ''),
               coalesce(pg_catalog.pg_get_userbyid(p.grantor)::text, ''), p.byowner
        from powers p
        """;

    /// <summary>Raises in a transaction, with SQLSTATE CO021, when one of the roles can reach what is guarded or log in.</summary>
    internal const string Guard =
        $"""
        select coordinator.require(not exists ({Query}), 'CO021',
            'FENCE_BROKEN: a role of a version that is shut out can log in, or reach what is about to be dropped')
        """;

    /// <summary>All powers of the roles; a role that does not exist has none.</summary>
    public static async Task<IReadOnlyList<RolePower>> ReadAsync(
        NpgsqlConnection connection,
        IReadOnlyCollection<string> roles,
        IReadOnlyCollection<GuardedRelation> guarded,
        CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(connection);
        var found = await connection.QueryAsync(
            Query,
            Parameters(roles, guarded),
            row => new RolePower(
                (RolePowerKind)row.GetInt32(0), row.GetString(1), row.GetString(2), row.GetString(3), row.GetString(4), row.GetBoolean(5)),
            cancellationToken);
        // The catch-all says nothing new about a relation that something else explains.
        return
        [
            .. found
                .Where(power => power.Kind != RolePowerKind.Privilege || !found.Any(other =>
                    other.Kind is RolePowerKind.Owner or RolePowerKind.Grant or RolePowerKind.Group or RolePowerKind.Public
                    && other.Role == power.Role && other.Relation == power.Relation))
                .OrderBy(power => power.Role, StringComparer.Ordinal)
                .ThenBy(power => power.Kind)
                .ThenBy(power => power.Relation, StringComparer.Ordinal)
                .ThenBy(power => power.Via, StringComparer.Ordinal),
        ];
    }

    internal static object[] Parameters(IReadOnlyCollection<string> roles, IReadOnlyCollection<GuardedRelation> guarded)
    {
        ArgumentNullException.ThrowIfNull(roles);
        ArgumentNullException.ThrowIfNull(guarded);
        return
        [
            roles.ToArray(),
            guarded.Select(relation => relation.Table.Schema).ToArray(),
            guarded.Select(relation => relation.Table.Name).ToArray(),
            guarded.Select(relation => relation.Column ?? "").ToArray(),
        ];
    }
}

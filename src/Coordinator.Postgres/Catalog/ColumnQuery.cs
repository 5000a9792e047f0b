using Npgsql;

namespace Coordinator.Postgres.Catalog;

/// <summary>The columns of a table.</summary>
internal static class ColumnQuery
{
    private const int ColumnListsSince = 150000;

    // A type's parts, down to those that no other type makes up: a domain's base, an array's element, a range's subtype,
    // a composite's columns. "Equal" means "the same" when every part's equality does: its btree operator class says
    // that equal images are equal values (support function 4), or it is an enum, a float (only -0 and NaN differ), a
    // numeric with a fixed scale, or a type that is only hashed (xid and the like).
    private const string HasEquality =
        """
        (with recursive part (oid, typmod, coll) as (
             select a.atttypid, a.atttypmod, a.attcollation
             union
             select step.oid, step.typmod, step.coll
             from part
             join pg_type t on t.oid = part.oid
             cross join lateral (
                 select t.typbasetype, t.typtypmod, part.coll where t.typtype = 'd'
                 union all
                 select t.typelem, part.typmod, part.coll where t.typcategory = 'A' and t.typelem <> 0
                 union all
                 select r.rngsubtype, -1, r.rngcollation from pg_range r where t.oid in (r.rngtypid, r.rngmultitypid)
                 union all
                 select f.atttypid, f.atttypmod, f.attcollation from pg_attribute f
                 where t.typtype = 'c' and f.attrelid = t.typrelid and f.attnum > 0 and not f.attisdropped
             ) as step (oid, typmod, coll)
         ),
         leaf as (
             select part.oid, part.typmod, part.coll, t.typtype
             from part join pg_type t on t.oid = part.oid
             where t.typtype in ('b', 'e') and not (t.typcategory = 'A' and t.typelem <> 0)
         )
         select bool_and(
                    (leaf.typtype = 'e'
                     or leaf.oid in ('float4'::regtype, 'float8'::regtype)
                     or (leaf.oid = 'numeric'::regtype and leaf.typmod >= 0)
                     or exists (select from pg_opclass o
                                join pg_am m on m.oid = o.opcmethod and m.amname = 'btree'
                                join pg_amproc p on p.amprocfamily = o.opcfamily and p.amproclefttype = o.opcintype
                                     and p.amprocrighttype = o.opcintype and p.amprocnum = 4
                                where o.opcdefault and (o.opcintype = leaf.oid or exists (
                                      select from pg_cast k where k.castsource = leaf.oid and k.casttarget = o.opcintype
                                         and k.castmethod = 'b' and k.castcontext = 'i')))
                     or leaf.oid in ('xid'::regtype, 'cid'::regtype))
                    and not exists (select from pg_collation c where c.oid = leaf.coll and not c.collisdeterministic))
         from leaf)
        """;

    // What would break, or go with it, if the column were dropped, apart from what is listed elsewhere: its own default,
    // its own sequence, the table's indexes, constraints and UPDATE OF triggers. Coordinator's triggers go before the column does.
    private const string DependentObjects =
        """
        array(select distinct case when v.relkind in ('v', 'm')
                                   then pg_describe_object('pg_class'::regclass, v.oid, 0)
                                   else pg_describe_object(d.classid, d.objid, d.objsubid) end
              from pg_depend d
              left join pg_rewrite r on d.classid = 'pg_rewrite'::regclass and r.oid = d.objid
              left join pg_class v on v.oid = r.ev_class
              left join pg_attrdef f on d.classid = 'pg_attrdef'::regclass and f.oid = d.objid
              left join pg_class s on d.classid = 'pg_class'::regclass and s.oid = d.objid
              left join pg_trigger g on d.classid = 'pg_trigger'::regclass and g.oid = d.objid
              where d.refclassid = 'pg_class'::regclass and d.refobjid = a.attrelid and d.refobjsubid = a.attnum
                and d.classid <> 'pg_constraint'::regclass
                and d.classid::regclass::text not in ('pg_publication_rel')
                and (f.oid is null or f.adrelid <> a.attrelid or f.adnum <> a.attnum)
                and (s.oid is null or s.relkind not in ('i', 'I', 'S'))
                and (g.oid is null or g.tgqual is not null)
                and not exists (select from pg_proc p where p.oid = g.tgfoid and p.pronamespace = to_regnamespace('coordinator'))
              order by 1)
        """;

    // A domain, or the domain that it is made of, has a NOT NULL or a check: adding a column of it rewrites the table.
    private const string IsConstrainedDomain =
        """
        exists (with recursive base (oid) as (
                    select a.atttypid
                    union
                    select d.typbasetype from base join pg_type d on d.oid = base.oid where d.typtype = 'd'
                )
                select from base join pg_type d on d.oid = base.oid and d.typtype = 'd'
                where d.typnotnull or exists (select from pg_constraint k where k.contypid = d.oid))
        """;

    public static Task<IReadOnlyList<CatalogColumn>> ReadAsync(
        NpgsqlConnection connection, uint table, int version, CancellationToken cancellationToken)
    {
        var columnLists = version >= ColumnListsSince
            ? "array(select p.pubname::text from pg_publication_rel r join pg_publication p on p.oid = r.prpubid " +
              "where r.prrelid = a.attrelid and a.attnum = any (r.prattrs::int2[]) order by 1)"
            : "array[]::text[]";
        return connection.QueryAsync(
            $"""
            select a.attname::text,
                   format_type(a.atttypid, a.atttypmod),
                   (select quote_ident(n.nspname) || '.' || quote_ident(c.collname)
                    from pg_collation c join pg_namespace n on n.oid = c.collnamespace
                    where c.oid = a.attcollation and a.attcollation <> t.typcollation),
                   a.attnotnull,
                   case when a.attgenerated = '' then pg_get_expr(f.adbin, f.adrelid) end,
                   a.attgenerated <> '',
                   a.attidentity <> '',
                   coalesce({HasEquality}, false),
                   col_description(a.attrelid, a.attnum),
                   array(select x.privilege_type || '|' || case x.grantee when 0 then 'PUBLIC' else pg_get_userbyid(x.grantee)::text end
                                || case when x.is_grantable then '|grantable' else '' end
                         from aclexplode(a.attacl) x order by 1),
                   {DependentObjects},
                   (select quote_ident(n.nspname) || '.' || quote_ident(s.relname)
                    from pg_depend d
                    join pg_class s on s.oid = d.objid and s.relkind = 'S'
                    join pg_namespace n on n.oid = s.relnamespace
                    where d.classid = 'pg_class'::regclass and d.refclassid = 'pg_class'::regclass
                      and d.refobjid = a.attrelid and d.refobjsubid = a.attnum and d.deptype in ('a', 'i')
                    limit 1),
                   nullif(a.attstattarget, -1)::int,
                   case when a.attstorage <> t.typstorage
                        then case a.attstorage when 'p' then 'plain' when 'e' then 'external' when 'm' then 'main' else 'extended' end
                   end,
                   case a.attcompression when 'p' then 'pglz' when 'l' then 'lz4' end,
                   -- Minor releases of November 2026 and later stamp each column with pg_attver, which is theirs alone.
                   array(select o from unnest(a.attoptions) with ordinality x(o, place) where o not like 'pg\_%' order by place),
                   exists (select from pg_index x where x.indrelid = a.attrelid and x.indisreplident and a.attnum = any (x.indkey::int2[])),
                   {columnLists},
                   {IsConstrainedDomain}
            from pg_attribute a
            join pg_type t on t.oid = a.atttypid
            left join pg_attrdef f on f.adrelid = a.attrelid and f.adnum = a.attnum
            where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
            order by a.attnum
            """,
            [(long)table],
            Map,
            cancellationToken);
    }

    private static CatalogColumn Map(NpgsqlDataReader row) => new()
    {
        Name = row.GetString(0),
        Type = row.GetString(1),
        Collation = Text(row, 2),
        NotNull = row.GetBoolean(3),
        Default = Text(row, 4),
        IsGenerated = row.GetBoolean(5),
        IsIdentity = row.GetBoolean(6),
        HasEquality = row.GetBoolean(7),
        Comment = Text(row, 8),
        Grants = row.GetFieldValue<string[]>(9),
        DependentObjects = row.GetFieldValue<string[]>(10),
        OwnedSequence = Text(row, 11),
        StatisticsTarget = row.IsDBNull(12) ? null : row.GetInt32(12),
        Storage = Text(row, 13),
        Compression = Text(row, 14),
        Options = row.GetFieldValue<string[]>(15),
        IsInReplicaIdentity = row.GetBoolean(16),
        PublicationColumnLists = row.GetFieldValue<string[]>(17),
        IsConstrainedDomain = row.GetBoolean(18),
    };

    private static string? Text(NpgsqlDataReader row, int ordinal) => row.IsDBNull(ordinal) ? null : row.GetString(ordinal);
}

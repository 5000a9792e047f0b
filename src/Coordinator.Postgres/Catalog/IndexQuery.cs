using Npgsql;

namespace Coordinator.Postgres.Catalog;

/// <summary>The indexes of a table, with each key written so that the same index can be made on another column.</summary>
internal static class IndexQuery
{
    private const int NullsNotDistinctSince = 150000;
    private const int DatabaseCollationVersionSince = 150000;

    // A collation whose library was replaced sorts otherwise than the index was built.
    private const string CollationProblem =
        """
        when not l.collisdeterministic then 'collation ' || quote_ident(l.collname) || ' is not deterministic, so different keys can be the same to it'
        when l.collversion is distinct from pg_collation_actual_version(l.oid) and l.collversion is not null
          then 'collation ' || quote_ident(l.collname) || ' is version ' || coalesce(pg_collation_actual_version(l.oid), 'unknown')
               || ' by now, and was ' || l.collversion || ' when it was created'

        """;

    private const string DatabaseCollationProblem =
        """
        when l.oid = 100 and (select datcollversion is not null and datcollversion is distinct from pg_database_collation_actual_version(oid)
                                from pg_database where datname = current_database())
          then 'the version of the database''s default collation has changed since it was created'
        """;

    // Dependencies tell the columns of predicate and expressions: an index that no constraint owns depends once on each
    // column it holds, and once more on each that an expression names.
    public static async Task<IReadOnlyList<CatalogIndex>> ReadAsync(
        NpgsqlConnection connection, uint table, int version, CancellationToken cancellationToken)
    {
        var keys = await ReadKeysAsync(connection, table, cancellationToken);
        var collationProblem = version >= DatabaseCollationVersionSince ? CollationProblem + DatabaseCollationProblem : CollationProblem;
        var nullsNotDistinct = version >= NullsNotDistinctSince ? "x.indnullsnotdistinct" : "false";
        return await connection.QueryAsync(
            $"""
            select x.indexrelid, i.relname::text, pg_get_indexdef(x.indexrelid), x.indisunique, x.indisprimary,
                   x.indisvalid and x.indisready, x.indisexclusion, x.indexprs is not null, x.indpred is not null,
                   m.amname::text, x.indisreplident, {nullsNotDistinct},
                   exists (select from pg_constraint k where k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x')),
                   (select string_agg(quote_ident(o.option_name) || '=' || quote_literal(o.option_value), ', ')
                    from pg_options_to_table(i.reloptions) o),
                   s.spcname::text,
                   array(select a.attname::text from pg_attribute a
                         where a.attrelid = x.indrelid and a.attnum > 0 and not a.attisdropped
                           and (select count(*) from pg_depend d
                                where d.classid = 'pg_class'::regclass and d.objid = x.indexrelid
                                  and d.refclassid = 'pg_class'::regclass and d.refobjid = x.indrelid
                                  and d.refobjsubid = a.attnum)
                               > case when a.attnum = any (x.indkey::int2[])
                                       and not exists (select from pg_constraint k
                                                       where k.conindid = x.indexrelid and k.contype in ('p', 'u', 'x'))
                                 then 1 else 0 end
                         order by a.attnum),
                   (select min(problem) from (select distinct unnest(x.indcollation::oid[])) k(collation_oid)
                    join pg_collation l on l.oid = k.collation_oid
                    cross join lateral (select case {collationProblem} end as problem) p)
            from pg_index x
            join pg_class i on i.oid = x.indexrelid
            join pg_am m on m.oid = i.relam
            left join pg_tablespace s on s.oid = i.reltablespace
            where x.indrelid = $1::oid
            order by i.relname
            """,
            [(long)table],
            row =>
            {
                var own = keys[row.GetFieldValue<uint>(0)].ToArray();
                return new CatalogIndex
                {
                    Name = row.GetString(1),
                    Definition = row.GetString(2),
                    IsUnique = row.GetBoolean(3),
                    IsPrimary = row.GetBoolean(4),
                    IsValid = row.GetBoolean(5),
                    IsExclusion = row.GetBoolean(6),
                    HasExpressions = row.GetBoolean(7),
                    HasPredicate = row.GetBoolean(8),
                    Method = row.GetString(9),
                    IsReplicaIdentity = row.GetBoolean(10),
                    NullsNotDistinct = row.GetBoolean(11),
                    IsConstraint = row.GetBoolean(12),
                    StorageParameters = row.IsDBNull(13) ? null : row.GetString(13),
                    Tablespace = row.IsDBNull(14) ? null : row.GetString(14),
                    ExpressionColumns = row.GetFieldValue<string[]>(15),
                    OrderProblem = row.IsDBNull(16) ? null : row.GetString(16),
                    Keys = [.. own.Where(key => key.IsKey).Select(key => new CatalogIndexKey(key.Name, key.Options))],
                    Included = [.. own.Where(key => !key.IsKey).Select(key => key.Name)],
                };
            },
            cancellationToken);
    }

    /// <summary>
    /// One row per column of each index, in order: collation where it is not the column's, operator class where it is not
    /// the type's default or has parameters, order where it is not ascending with nulls last.
    /// </summary>
    private static async Task<ILookup<uint, IndexPart>> ReadKeysAsync(
        NpgsqlConnection connection, uint table, CancellationToken cancellationToken)
    {
        var parts = await connection.QueryAsync(
            """
            select x.indexrelid, p.place <= x.indnkeyatts, coalesce(a.attname::text, ''),
                   coalesce(' collate ' || case when l.oid is not null and l.oid <> coalesce(a.attcollation, it.typcollation)
                                                then quote_ident(ln.nspname) || '.' || quote_ident(l.collname) end, '')
                   || coalesce(' ' || case when o.oid is not null and (not o.opcdefault or ia.attoptions is not null)
                                           then quote_ident(opn.nspname) || '.' || quote_ident(o.opcname) end, '')
                   || coalesce((select '(' || string_agg(quote_ident(t.option_name) || '=' || quote_literal(t.option_value), ', ') || ')'
                                from pg_options_to_table(ia.attoptions) t), '')
                   || case when not pg_indexam_has_property(i.relam, 'can_order') or p.place > x.indnkeyatts then ''
                           else case x.indoption[p.place - 1] & 3
                                when 1 then ' desc nulls last' when 2 then ' nulls first' when 3 then ' desc' else '' end
                      end
            from pg_index x
            join pg_class i on i.oid = x.indexrelid
            cross join generate_series(1, x.indnatts) as p(place)
            join pg_attribute ia on ia.attrelid = x.indexrelid and ia.attnum = p.place
            join pg_type it on it.oid = ia.atttypid
            left join pg_attribute a on a.attrelid = x.indrelid and a.attnum = x.indkey[p.place - 1] and a.attnum <> 0
            left join pg_opclass o on p.place <= x.indnkeyatts and o.oid = x.indclass[p.place - 1]
            left join pg_namespace opn on opn.oid = o.opcnamespace
            left join pg_collation l on p.place <= x.indnkeyatts and l.oid = x.indcollation[p.place - 1]
            left join pg_namespace ln on ln.oid = l.collnamespace
            where x.indrelid = $1::oid
            order by x.indexrelid, p.place
            """,
            [(long)table],
            row => new IndexPart(
                row.GetFieldValue<uint>(0), row.GetBoolean(1), row.GetString(2), row.GetString(3).TrimStart()),
            cancellationToken);
        return parts.ToLookup(part => part.Index);
    }

    private sealed record IndexPart(uint Index, bool IsKey, string Name, string Options);
}

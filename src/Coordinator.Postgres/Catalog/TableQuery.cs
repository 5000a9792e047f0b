using Npgsql;

namespace Coordinator.Postgres.Catalog;

/// <summary>The table itself and what hangs on it as a whole.</summary>
internal static class TableQuery
{
    private const int SchemaPublicationsSince = 150000;

    // A table is published by name, through a parent, through its schema, or because everything is.
    private const string PublishedBySchema =
        " or exists (select from pg_publication_namespace n where n.pnpubid = p.oid and n.pnnspid = c.relnamespace)";

    public static async Task<CatalogTable?> ReadAsync(
        NpgsqlConnection connection, string schema, string table, int version, CancellationToken cancellationToken)
    {
        var bySchema = version >= SchemaPublicationsSince ? PublishedBySchema : "";
        var rows = await connection.QueryAsync(
            $"""
            select c.oid, pg_get_userbyid(c.relowner), c.relkind::text, c.relispartition, c.relpersistence::text,
                   not c.relispartition and c.relkind <> 'p'
                       and exists (select from pg_inherits i where c.oid in (i.inhparent, i.inhrelid)),
                   greatest(c.reltuples, 0)::float8,
                   case when c.relkind in ('r', 'm', 't', 'i') then pg_total_relation_size(c.oid)
                        when c.relkind = 'p' then (select coalesce(sum(pg_total_relation_size(t.relid)), 0)::bigint
                                                   from pg_partition_tree(c.oid) t)
                        else 0 end,
                   array(select p.polname::text from pg_policy p where p.polrelid = c.oid order by 1),
                   array(select p.pubname::text from pg_publication p
                         where c.relkind in ('r', 'p') and c.relpersistence = 'p'
                           and (p.puballtables
                                or exists (select from pg_publication_rel r
                                           where r.prpubid = p.oid
                                             and r.prrelid in (select c.oid union select relid from pg_partition_ancestors(c.oid)))
                                {bySchema})
                         order by 1),
                   array(select distinct case when v.relkind in ('v', 'm')
                                              then pg_describe_object('pg_class'::regclass, v.oid, 0)
                                              else pg_describe_object('pg_rewrite'::regclass, r.oid, 0) end
                         from pg_depend d
                         join pg_rewrite r on r.oid = d.objid
                         join pg_class v on v.oid = r.ev_class
                         where d.classid = 'pg_rewrite'::regclass and d.refclassid = 'pg_class'::regclass and d.refobjid = c.oid
                           and (v.oid <> c.oid or c.relkind not in ('v', 'm'))
                         order by 1),
                   case when c.relkind = 'p' then pg_get_partkeydef(c.oid) end,
                   array(select t.relid::regclass::text from pg_partition_tree(case when c.relkind = 'p' then c.oid end) t
                         join pg_class f on f.oid = t.relid where f.relkind = 'f' order by 1)
            from pg_class c
            join pg_namespace n on n.oid = c.relnamespace
            where n.nspname = $1 and c.relname = $2
            """,
            [schema, table],
            row => new CatalogTable
            {
                Oid = row.GetFieldValue<uint>(0),
                Schema = schema,
                Name = table,
                Owner = row.GetString(1),
                Kind = row.GetString(2),
                IsPartitioned = row.GetString(2) == "p",
                IsPartition = row.GetBoolean(3),
                IsTemporary = row.GetString(4) == "t",
                IsUnlogged = row.GetString(4) == "u",
                HasInheritance = row.GetBoolean(5),
                EstimatedRows = row.GetDouble(6),
                SizeBytes = row.GetInt64(7),
                Policies = row.GetFieldValue<string[]>(8),
                Publications = row.GetFieldValue<string[]>(9),
                DependentViews = row.GetFieldValue<string[]>(10),
                PartitionKey = row.IsDBNull(11) ? null : row.GetString(11),
                ForeignPartitions = row.GetFieldValue<string[]>(12),
            },
            cancellationToken);
        return rows.Count == 0 ? null : rows[0];
    }
}

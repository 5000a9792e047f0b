using Npgsql;

namespace Coordinator.Postgres.Catalog;

/// <summary>The constraints of a table.</summary>
internal static class ConstraintQuery
{
    public static Task<IReadOnlyList<CatalogConstraint>> ReadAsync(
        NpgsqlConnection connection, uint table, CancellationToken cancellationToken) =>
        connection.QueryAsync(
            """
            select k.conname::text, k.contype::text, pg_get_constraintdef(k.oid), k.convalidated,
                   array(select a.attname::text
                         from unnest(k.conkey) with ordinality as u(attnum, place)
                         join pg_attribute a on a.attrelid = k.conrelid and a.attnum = u.attnum
                         order by u.place),
                   k.contype in ('p', 'u', 'x')
                       and exists (select from pg_constraint f where f.contype = 'f' and f.conindid = k.conindid)
            from pg_constraint k
            where k.conrelid = $1::oid
            order by 1
            """,
            [(long)table],
            row => new CatalogConstraint
            {
                Name = row.GetString(0),
                Type = row.GetString(1)[0],
                Definition = row.GetString(2),
                IsValid = row.GetBoolean(3),
                Columns = row.GetFieldValue<string[]>(4),
                IsReferencedFromOther = row.GetBoolean(5),
            },
            cancellationToken);
}

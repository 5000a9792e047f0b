using Npgsql;

namespace Coordinator.Postgres.Catalog;

/// <summary>The triggers of a table.</summary>
internal static class TriggerQuery
{
    public static Task<IReadOnlyList<CatalogTrigger>> ReadAsync(
        NpgsqlConnection connection, uint table, CancellationToken cancellationToken) =>
        connection.QueryAsync(
            """
            select t.tgname::text, pg_get_triggerdef(t.oid), t.tgisinternal,
                   array(select a.attname::text
                         from unnest(t.tgattr::int2[]) with ordinality as u(attnum, place)
                         join pg_attribute a on a.attrelid = t.tgrelid and a.attnum = u.attnum
                         order by u.place)
            from pg_trigger t
            where t.tgrelid = $1::oid
            order by 1
            """,
            [(long)table],
            row => new CatalogTrigger
            {
                Name = row.GetString(0),
                Definition = row.GetString(1),
                IsInternal = row.GetBoolean(2),
                UpdateColumns = row.GetFieldValue<string[]>(3),
            },
            cancellationToken);
}

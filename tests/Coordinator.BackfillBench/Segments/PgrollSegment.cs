using System.Diagnostics;
using Npgsql;

namespace Coordinator.BackfillBench.Segments;

/// <summary>
/// The way of pgroll: an up and a down trigger do the work, and a keyset walk in thousands touches every row under
/// FOR UPDATE. One connection, as there.
/// </summary>
internal static class PgrollSegment
{
    public static Segment Keyset { get; } = new("pgroll's way", async database =>
    {
        await database.ExecuteAsync(
            """
            create function up() returns trigger language plpgsql as $$
            declare latest text := 'next';
            begin
              if current_setting('search_path') <> latest then
                new.value_copy = new.value;
              end if;
              return new;
            end $$
            """,
            """
            create function down() returns trigger language plpgsql as $$
            declare latest text := 'next';
            begin
              if current_setting('search_path') = latest then
                new.value = new.value_copy;
              end if;
              return new;
            end $$
            """,
            "create trigger up before insert or update on item for each row execute function up()",
            "create trigger down before insert or update on item for each row execute function down()");
        var started = Stopwatch.GetTimestamp();
        await using var connection = await database.Worker.OpenConnectionAsync();
        await using var command = new NpgsqlCommand(
            """
            with batch as (select id from item where id > $1 order by id limit 1000 for update),
                 touched as (update item set id = item.id from batch where item.id = batch.id returning item.id)
            select max(id) from touched
            """,
            connection);
        var last = new NpgsqlParameter<long> { TypedValue = 0 };
        command.Parameters.Add(last);
        while (await command.ExecuteScalarAsync() is long reached)
        {
            last.TypedValue = reached;
        }

        return Stopwatch.GetElapsedTime(started);
    });
}

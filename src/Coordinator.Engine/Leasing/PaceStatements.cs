using Coordinator.Domain.Backfills;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.Engine.Leasing;

/// <summary>What a pass begins with beside its ranges: its pace, and sums of nothing.</summary>
internal static class PaceStatements
{
    /// <summary>
    /// Behind the statements that lock the backfill's row. A pass that is begun again keeps what an operator set, and the sums and the
    /// size it has learned; a new one begins both anew.
    /// </summary>
    public static IEnumerable<NpgsqlBatchCommand> Start(BackfillStart start)
    {
        // The row of the totals knows no pass: it is new when nothing of this pass was carved or counted yet.
        const string isNew =
            """
             exists (select from coordinator.backfill where migration = $1 and shard = $2 and step = $3 and pass = $4)
                and not exists (select from coordinator.backfill_batch
                    where migration = $1 and shard = $2 and step = $3 and batch >= $4::bigint << 32)
            """;
        yield return Of(
            start, "delete from coordinator.backfill_sample where migration = $1 and shard = $2 and step = $3 and " + isNew);
        yield return Of(
            start, "delete from coordinator.backfill_total where migration = $1 and shard = $2 and step = $3 and " + isNew);
        yield return Of(
            start,
            """
            insert into coordinator.backfill_total (migration, shard, step)
            select $1, $2, $3 where $4 > 0 on conflict do nothing
            """);
        var pace = Of(
            start,
            """
            insert into coordinator.backfill_pace as p (migration, shard, step, batch_blocks, parallelism, fresh_until)
            select $1, $2, $3, $5, coalesce($6, 2147483647),
                case when $6 is null then 'infinity' else clock_timestamp() + interval '15 s' end
            where $4 > 0
            on conflict (migration, shard, step) do update
            set batch_blocks = case when 
            """ + isNew + """
                then excluded.batch_blocks else p.batch_blocks end,
                fresh_until = excluded.fresh_until
            """);
        pace.Parameters.Add(new() { Value = start.BatchBlocks });
        pace.Parameters.Add(new() { Value = start.Parallelism ?? (object)DBNull.Value, NpgsqlDbType = NpgsqlDbType.Integer });
        yield return pace;
        yield return Server(start.SystemIdentifier);
    }

    /// <summary>What an operator, or the specification, has set for a backfill, on every shard.</summary>
    public static NpgsqlBatchCommand Settings(string migration, string step, BackfillState state)
    {
        var command = new NpgsqlBatchCommand(
            """
            update coordinator.backfill_pace
            set max_wait = $3, max_parallel = $4, batch_rows = $5, pause_between = $6, quiet_hours = $7, check_sql = $8,
                -- the driver looks at the hours anew within a moment
                not_before = case when quiet_hours is distinct from $7 then null else not_before end
            where migration = $1 and step = $2
            """);
        command.Parameters.Add(new() { Value = migration });
        command.Parameters.Add(new() { Value = step });
        command.Parameters.Add(Optional(state.MaxWait, NpgsqlDbType.Interval));
        command.Parameters.Add(Optional(state.MaxParallel, NpgsqlDbType.Integer));
        command.Parameters.Add(Optional(state.BatchRows, NpgsqlDbType.Integer));
        command.Parameters.Add(Optional(state.PauseBetween, NpgsqlDbType.Interval));
        command.Parameters.Add(Optional(state.QuietHours, NpgsqlDbType.Text));
        command.Parameters.Add(Optional(state.Check, NpgsqlDbType.Text));
        return command;
    }

    private static NpgsqlParameter Optional(object? value, NpgsqlDbType type) => new() { Value = value ?? DBNull.Value, NpgsqlDbType = type };

    /// <summary>The row that grants on this server lock while they count.</summary>
    public static NpgsqlBatchCommand Server(long systemIdentifier) => new(
        "insert into coordinator.target_server (system_identifier) values ($1) on conflict do nothing")
    {
        Parameters = { new() { Value = systemIdentifier } },
    };

#pragma warning disable CA2100 // The texts are the literals above.
    private static NpgsqlBatchCommand Of(BackfillStart start, string sql) => new(sql)
    {
        Parameters =
        {
            new() { Value = start.Migration },
            new() { Value = start.Shard },
            new() { Value = start.Step },
            new() { Value = start.Pass },
        },
    };
#pragma warning restore CA2100
}

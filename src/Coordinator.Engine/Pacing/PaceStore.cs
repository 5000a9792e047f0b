using System.Text.Json;
using Coordinator.Domain.Backfills;
using Coordinator.Domain.Specs;
using Coordinator.Engine.Leasing;
using Npgsql;
using NpgsqlTypes;

namespace Coordinator.Engine.Pacing;

/// <summary>The driver's side of the pace in the coordination database: what came in since the last look, and what was decided.</summary>
internal sealed class PaceStore(CoordinationDatabase database, EngineOptions options)
{
    private const string SumSql =
        """
        with drained as (
            delete from coordinator.backfill_sample where migration = $1 and step = $2 returning *
        ), summed as (
            select shard, sum(blocks)::bigint as blocks, sum(rows)::bigint as rows, sum(batches)::bigint as batches,
                sum(takeovers)::bigint as takeovers, sum(timed_blocks)::bigint as timed_blocks, sum(busy_ms) as busy_ms,
                max(slowest_ms) as slowest_ms,
                (array_agg(slowest_blocks order by slowest_ms desc) filter (where slowest_ms is not null))[1] as slowest_blocks
            from drained
            group by shard
        ), updated as (
            update coordinator.backfill_total t
            set blocks = t.blocks + coalesce(n.blocks, 0), rows = t.rows + coalesce(n.rows, 0),
                batches = t.batches + coalesce(n.batches, 0), takeovers = t.takeovers + coalesce(n.takeovers, 0),
                active = t.active + least(clock_timestamp() - t.summed_at, interval '5 s'), summed_at = clock_timestamp()
            from coordinator.backfill f left join summed n using (shard)
            where f.migration = $1 and f.step = $2 and t.migration = $1 and t.step = $2 and t.shard = f.shard
            returning t.shard, t.blocks, t.rows, f.sweep_cell
        )
        select p.shard, p.batch_blocks, p.parallelism, h.running, u.blocks, u.rows, coalesce(n.rows, 0), coalesce(n.timed_blocks, 0),
            coalesce(n.busy_ms, 0), n.slowest_ms, n.slowest_blocks, p.max_wait, p.max_parallel, p.batch_rows, p.pause_between, p.quiet_hours,
            p.check_sql, clock_timestamp(), p.disk_full, p.disk_full_at + $3, u.sweep_cell
        from coordinator.backfill_pace p join updated u using (shard) left join summed n using (shard)
            cross join lateral (
                select coalesce(sum(running), 0)::int as running
                from (
                    select least(count(*), max(b.parallelism)) as running
                    from coordinator.backfill_batch b
                    where b.migration = $1 and b.step = $2 and b.shard = p.shard and b.state = 0 and b.holder <> ''
                        and b.expires_at > clock_timestamp()
                    group by b.holder
                ) holder
            ) h
        where p.migration = $1 and p.step = $2
        order by p.shard
        """;

    private const string WriteSql =
        """
        with decided as (
            update coordinator.backfill_pace
            set batch_blocks = $4, parallelism = $5, not_before = $6, fresh_until = clock_timestamp() + $7,
                since = case when move = $8 and signal = $9 then since else clock_timestamp() end,
                move = $8, signal = $9, reading = $10, threshold = $11, message = $12, signals = $13
            where migration = $1 and step = $2 and shard = $3
        )
        update coordinator.backfill_total set row_rate = $14, block_rate = $15
        where migration = $1 and step = $2 and shard = $3
        """;

    /// <summary>Adds what was reported since the last look to the sums, and reads each shard. Only the driver does so.</summary>
    public async Task<IReadOnlyList<ShardSums>> SumAsync(string migration, string step, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(SumSql);
        command.Parameters.Add(new() { Value = migration });
        command.Parameters.Add(new() { Value = step });
        command.Parameters.Add(new() { Value = options.FullDiskPause });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var shards = new List<ShardSums>();
        while (await reader.ReadAsync(cancellationToken))
        {
            shards.Add(Read(reader));
        }

        return shards;
    }

    /// <summary>Puts a decision into force, for the next grant on any replica.</summary>
    public async Task WriteAsync(string migration, string step, ShardDecision decision, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(WriteSql);
        command.Parameters.Add(new() { Value = migration });
        command.Parameters.Add(new() { Value = step });
        command.Parameters.Add(new() { Value = decision.Shard });
        command.Parameters.Add(new() { Value = decision.BatchBlocks });
        command.Parameters.Add(new() { Value = decision.Parallelism });
        command.Parameters.Add(Optional(decision.NotBefore, NpgsqlDbType.TimestampTz));
        command.Parameters.Add(new() { Value = options.PaceTimeout });
        command.Parameters.Add(new() { Value = decision.Move });
        command.Parameters.Add(new() { Value = decision.Signal });
        command.Parameters.Add(Optional(decision.Reading, NpgsqlDbType.Double));
        command.Parameters.Add(Optional(decision.Threshold, NpgsqlDbType.Double));
        command.Parameters.Add(new() { Value = LeasingInput.Clean(decision.Message) });
        command.Parameters.Add(new() { Value = JsonSerializer.Serialize(decision.Signals), NpgsqlDbType = NpgsqlDbType.Jsonb });
        command.Parameters.Add(Optional(decision.RowRate, NpgsqlDbType.Double));
        command.Parameters.Add(Optional(decision.BlockRate, NpgsqlDbType.Double));
        await command.ExecuteNonQueryAsync(cancellationToken);
    }

    private static NpgsqlParameter Optional<T>(T? value, NpgsqlDbType type)
        where T : struct => new() { Value = value ?? (object)DBNull.Value, NpgsqlDbType = type };

    private static ShardSums Read(NpgsqlDataReader reader) => new()
    {
        Shard = reader.GetString(0),
        BatchBlocks = reader.GetInt64(1),
        Parallelism = reader.GetInt32(2),
        Running = reader.GetInt32(3),
        Blocks = reader.GetInt64(4),
        Rows = reader.GetInt64(5),
        NewRows = reader.GetInt64(6),
        Timing = reader.IsDBNull(9) ? null : new BatchTiming(
            reader.GetInt64(7),
            TimeSpan.FromMilliseconds(reader.GetDouble(8)),
            reader.GetInt64(10),
            TimeSpan.FromMilliseconds(reader.GetDouble(9))),
        Settings = new BackfillSettings
        {
            MaxWait = reader.IsDBNull(11) ? null : reader.GetTimeSpan(11),
            MaxParallel = reader.IsDBNull(12) ? null : reader.GetInt32(12),
            BatchRows = reader.IsDBNull(13) ? null : reader.GetInt32(13),
            PauseBetween = reader.IsDBNull(14) ? null : reader.GetTimeSpan(14),
            QuietHours = reader.IsDBNull(15) ? null : reader.GetString(15),
            Check = reader.IsDBNull(16) ? null : reader.GetString(16),
        },
        Now = reader.GetFieldValue<DateTimeOffset>(17),
        FullDisk = reader.IsDBNull(19) ? null : new FullDisk(reader.GetString(18), reader.GetFieldValue<DateTimeOffset>(19)),
        SweepCell = reader.GetInt64(20),
    };
}

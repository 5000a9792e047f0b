using Npgsql;

namespace Coordinator.Engine.Leasing;

/// <summary>
/// Reads how far backfills are: the sums that the driver keeps, and the few samples that it has not added to them yet, in one
/// snapshot. What it costs does not grow with the number of batches.
/// </summary>
internal static class ProgressReader
{
    // Of batches, only those that are open are read, through the index that has nothing else.
    private const string Sql =
        """
        select f.migration, f.step, min(f.state), bool_or(f.state = 1), sum(f.total_blocks)::bigint,
            sum(div((coalesce(t.blocks, 0) + s.blocks) * f.total_blocks, greatest(v.visits, 1)))::bigint, sum(coalesce(t.rows, 0) + s.rows)::bigint,
            sum(coalesce(t.batches, 0) + s.batches)::bigint, sum(coalesce(t.takeovers, 0) + s.takeovers)::bigint,
            coalesce(sum(held.leases), 0)::bigint,
            (array_agg(b.last_failure order by b.failures desc) filter (where b.last_failure is not null))[1],
            sum(t.row_rate) filter (where t.summed_at > clock_timestamp() - interval '15 s'),
            sum(t.block_rate * f.total_blocks / greatest(v.visits, 1)) filter (where t.summed_at > clock_timestamp() - interval '15 s'),
            max(extract(epoch from t.active))::float8, min(f.trigger_table), coalesce(sum(held.running), 0)::bigint
        from coordinator.backfill f
            left join coordinator.backfill_total t using (migration, shard, step)
            cross join lateral (
                select coalesce(sum(blocks), 0) as blocks, coalesce(sum(rows), 0) as rows,
                    coalesce(sum(batches), 0) as batches, coalesce(sum(takeovers), 0) as takeovers
                from coordinator.backfill_sample
                where migration = f.migration and shard = f.shard and step = f.step
            ) s
            cross join lateral (select coordinator.visits(f.total_blocks, f.sweep_cell) as visits) v
            cross join lateral (
                select sum(leases) as leases, sum(running) as running
                from (
                    select count(*) as leases, least(count(*), max(parallelism)) as running
                    from coordinator.backfill_batch
                    where migration = f.migration and shard = f.shard and step = f.step and state = 0 and batch >= f.pass::bigint << 32
                        and holder <> '' and expires_at > clock_timestamp()
                    group by holder
                ) of_worker
            ) held
            cross join lateral (
                select max(failures) as failures,
                    (array_agg(last_failure order by failures desc) filter (where last_failure is not null))[1] as last_failure
                from coordinator.backfill_batch
                where migration = f.migration and shard = f.shard and step = f.step and state = 0 and batch >= f.pass::bigint << 32
            ) b
        where $1 = '' or f.migration = $1
        group by f.migration, f.step
        order by f.migration, f.step
        """;

    /// <summary>The progress of one migration's backfills, or of all, by migration and step.</summary>
    public static async Task<IReadOnlyList<BackfillProgress>> ReadAsync(
        CoordinationDatabase database, string? migration, CancellationToken cancellationToken)
    {
        await using var command = database.DataSource.CreateCommand(Sql);
        command.Parameters.Add(new() { Value = migration ?? "" });
        await using var reader = await command.ExecuteReaderAsync(cancellationToken);
        var progress = new List<BackfillProgress>();
        while (await reader.ReadAsync(cancellationToken))
        {
            progress.Add(Read(reader));
        }

        await reader.CloseAsync();
        return await PaceReader.AddToAsync(database, migration, progress, cancellationToken);
    }

    private static BackfillProgress Read(NpgsqlDataReader reader)
    {
        var finished = reader.GetInt16(2) == (short)BackfillRowState.Finished;
        return new BackfillProgress
        {
            Migration = reader.GetString(0),
            Step = reader.GetString(1),
            State = finished ? BackfillRowState.Finished
                : reader.GetBoolean(3) ? BackfillRowState.Paused : BackfillRowState.Running,
            TotalBlocks = reader.GetInt64(4),
            DoneBlocks = reader.GetInt64(5),
            Rows = reader.GetInt64(6),
            Batches = reader.GetInt64(7),
            Takeovers = reader.GetInt64(8),
            Leased = reader.GetInt64(9),
            LastFailure = reader.IsDBNull(10) ? null : reader.GetString(10),
            RowsPerSecond = reader.IsDBNull(11) ? null : reader.GetDouble(11),
            BlocksPerSecond = reader.IsDBNull(12) ? null : reader.GetDouble(12),
            Active = reader.IsDBNull(13) ? TimeSpan.Zero : TimeSpan.FromSeconds(reader.GetDouble(13)),
            TriggerTable = reader.GetString(14),
            Running = reader.GetInt64(15),
        };
    }
}

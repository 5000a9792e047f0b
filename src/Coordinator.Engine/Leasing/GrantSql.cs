namespace Coordinator.Engine.Leasing;

/// <summary>
/// What a round of requests needs to know, as statements of one message. Under a limit the servers are locked first, so that what
/// the statements behind count there can't change before the round's commit. An unlimited server is not locked.
/// Parameters of those that look at backfills: $1 targets, $2 migration or empty, $3 handlers, $4 the limit of a server, $5 the
/// longest tick; of the workers' own leases also $6 workers.
/// </summary>
internal static class GrantSql
{
    /// <summary>No limit, in the rows and in the options.</summary>
    public const int Unlimited = int.MaxValue;

    // A worker's leases count as far as it runs them: the rest is its prefetch, and takes nothing from others.
    // A lease that seems to have run out while no replica was running is left alone until the first tick has given the time back.
    private const string Open =
        """
        with eligible as materialized (
            select f.*, p.batch_blocks as size, least(p.parallelism, coalesce(p.max_parallel, p.parallelism)) as slots, p.pause_between
            from coordinator.backfill f join coordinator.backfill_pace p using (migration, shard, step)
            where f.state = 0 and f.target = any($1) and ($2 = '' or f.migration = $2) and (f.handler = '' or f.handler = any($3))
                and p.fresh_until > clock_timestamp() and (p.not_before is null or p.not_before <= clock_timestamp())
        ), holder as materialized (
            select f.migration, f.shard, f.step, f.system_identifier, b.holder, count(*) as leases,
                least(count(*), max(b.parallelism)) as running
            from coordinator.backfill f join coordinator.backfill_batch b using (migration, shard, step)
            where f.state = 0 and f.system_identifier in (select system_identifier from eligible)
                and b.state = 0 and b.holder <> '' and b.expires_at > clock_timestamp()
            group by f.migration, f.shard, f.step, f.system_identifier, b.holder
        ), counted as materialized (
            select e.*, h.running, h.holders, server.running as server_running, rest.blocks as remaining, least(e.slots, $4) < 2147483647 as limited,
                exists (
                    select from coordinator.backfill_batch b
                    where b.migration = e.migration and b.shard = e.shard and b.step = e.step and b.state = 0
                        and b.expires_at <= clock_timestamp() and b.batch >= e.pass::bigint << 32
                        and not exists (select from coordinator.service_tick where ticked_at < clock_timestamp() - $5)) as lapsed
            from eligible e
                cross join lateral (
                    select coalesce(sum(running), 0)::bigint as running, count(*) as holders
                    from holder where migration = e.migration and shard = e.shard and step = e.step
                ) h
                cross join lateral (
                    select coalesce(sum(running), 0)::bigint as running from holder where system_identifier = e.system_identifier
                ) server
                cross join lateral (
                    select coalesce(sum(r.end_block - r.next_block), 0)::bigint as blocks
                    from coordinator.backfill_range r
                    where r.migration = e.migration and r.shard = e.shard and r.step = e.step and r.pass = e.pass
                ) rest
        )
        """;

    /// <summary>
    /// Locks the servers on which something may be granted under a limit; a full one is left alone, unless it is exactly full, where a
    /// worker that already runs all it can may still prefetch.
    /// </summary>
    public const string LockServers = Open +
        """
        select s.system_identifier
        from coordinator.target_server s
        where s.system_identifier in (
            select system_identifier from counted
            where limited and (lapsed or remaining > 0) and running <= slots and server_running <= $4)
        order by s.system_identifier
        for no key update
        """;

    /// <summary>The backfills from which something may be granted, and what runs on them.</summary>
    public const string Backfills = Open +
        """
        select migration, shard, step, target, statement, generation, system_identifier, timeline, trigger_table, trigger_name,
            filled_table, pause_between, handler, size, slots, pass, running, holders, server_running, remaining, lapsed, limited,
            key_columns, key_types, sweep_cell
        from counted
        where lapsed or remaining > 0
        """;

    /// <summary>The leases that the round's own workers hold on such backfills.</summary>
    public const string Holders =
        """
        select b.migration, b.shard, b.step, b.holder, count(*), least(count(*), max(b.parallelism))
        from coordinator.backfill f join coordinator.backfill_batch b using (migration, shard, step)
        where f.state = 0 and f.target = any($1) and b.state = 0 and b.holder = any($2) and b.expires_at > clock_timestamp()
        group by b.migration, b.shard, b.step, b.holder
        """;

    /// <summary>What requests ($1) got that were answered before: one row per batch, told in full while its lease holds.</summary>
    public const string Repeated =
        """
        with answered as materialized (
            select * from coordinator.backfill_batch where request_id = any($1)
        )
        select b.request_id, b.holder, b.state = 0 and b.expires_at > clock_timestamp() and f.state = 0,
            f.migration, f.shard, f.step, f.target, f.statement, f.generation, f.system_identifier, f.timeline, f.trigger_table,
            f.trigger_name, f.filled_table, p.pause_between, f.handler, b.batch, b.epoch, b.lease_id, b.first_block, b.end_block,
            f.key_columns, f.key_types, f.sweep_cell
        from answered b
            join coordinator.backfill f using (migration, shard, step) join coordinator.backfill_pace p using (migration, shard, step)
        order by b.migration, b.shard, b.step, b.batch
        """;

    /// <summary>Whether there is the migration ($1); true when it is empty.</summary>
    public const string MigrationIsKnown =
        """
        select $1 = '' or exists (select from coordinator.migration where name = $1)
            or exists (select from coordinator.backfill where migration = $1)
        """;
}

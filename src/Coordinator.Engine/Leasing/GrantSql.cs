namespace Coordinator.Engine.Leasing;

/// <summary>
/// The grant as two statements of one message. The first locks the servers on which something may be granted under a limit; the
/// second's snapshot is taken under those locks, so what it counts there can't change before its commit. An unlimited server is
/// not locked.
/// Parameters: $1 worker, $2 targets, $3 migration or empty, $4 most batches, $5 how many the worker runs at once, $6 the limit of a
/// server, $7 the longest tick, $8 the worker's handlers; in the second also $9 request id, $10 lease.
/// </summary>
internal static class GrantSql
{
    /// <summary>No limit, in the rows and in the options.</summary>
    public const int Unlimited = int.MaxValue;

    // A worker's leases count as far as it runs them: the rest is its prefetch, and takes nothing from others. Who already runs all
    // that it can may go on prefetching while the limit is met, but not while it is exceeded.
    // A lease that seems to have run out while no replica was running is left alone until the first tick has given the time back.
    private const string Usable =
        """
        with eligible as materialized (
            select f.*, p.batch_blocks as size, least(p.parallelism, coalesce(p.max_parallel, p.parallelism)) as slots,
                p.pause_between
            from coordinator.backfill f join coordinator.backfill_pace p using (migration, shard, step)
            where f.state = 0 and f.target = any($2) and ($3 = '' or f.migration = $3) and (f.handler = '' or f.handler = any($8))
        ), holder as materialized (
            select f.migration, f.shard, f.step, f.system_identifier, b.holder, count(*) as leases,
                least(count(*), max(b.parallelism)) as running
            from coordinator.backfill f join coordinator.backfill_batch b using (migration, shard, step)
            where f.state = 0 and f.system_identifier in (select system_identifier from eligible)
                and b.state = 0 and b.holder <> '' and b.expires_at > clock_timestamp()
            group by f.migration, f.shard, f.step, f.system_identifier, b.holder
        ), counted as materialized (
            select e.migration, e.shard, e.step, e.system_identifier, e.pass, e.size, e.slots, h.running, h.others, h.mine,
                least(e.slots - h.running, $6 - server.running) as free, least(e.slots, $6) < 2147483647 as limited
            from eligible e join coordinator.backfill_pace p using (migration, shard, step)
                cross join lateral (
                    select coalesce(sum(running), 0)::bigint as running, count(*) filter (where holder <> $1) as others,
                        coalesce(sum(leases) filter (where holder = $1), 0)::bigint as mine
                    from holder where migration = e.migration and shard = e.shard and step = e.step
                ) h
                cross join lateral (
                    select coalesce(sum(running), 0)::bigint as running from holder where system_identifier = e.system_identifier
                ) server
            where p.fresh_until > clock_timestamp() and (p.not_before is null or p.not_before <= clock_timestamp())
        ), usable as materialized (
            select c.*, case when least(c.mine, $5) + c.free >= $5 then $4 else least($4, c.free) end as most
            from counted c
            where (c.free > 0 or (c.free = 0 and c.mine >= $5))
                and (exists (
                        select from coordinator.backfill_range r
                        where r.migration = c.migration and r.shard = c.shard and r.step = c.step and r.pass = c.pass
                            and r.next_block < r.end_block)
                    or exists (
                        select from coordinator.backfill_batch b
                        where b.migration = c.migration and b.shard = c.shard and b.step = c.step and b.state = 0
                            and b.expires_at <= clock_timestamp() and b.batch >= c.pass::bigint << 32
                            and not exists (select from coordinator.service_tick where ticked_at < clock_timestamp() - $7)))
        )
        """;

    /// <summary>Names the servers for the statement behind it in the transaction's own settings.</summary>
    public const string LockServers = Usable +
        """
        , locked as materialized (
            select s.system_identifier
            from coordinator.target_server s
            where s.system_identifier in (select system_identifier from usable where limited)
            order by s.system_identifier
            for no key update
        )
        select set_config('coordinator.servers', coalesce((
            select array_agg(system_identifier)::text
            from (select system_identifier from locked union select system_identifier from usable where not limited) known
        ), '{}'), true)
        """;

    /// <summary>
    /// From one shard of one backfill, the one that has the most room. What is left of a lapsed lease comes first, then new batches
    /// off the front of the ranges. With others at work, a request gets no more than its part of half of what is left, so that
    /// nobody has a long tail while the others have nothing; batches become smaller for that, down to a tenth.
    /// The bound in generate_series keeps a range of a million batches from being listed.
    /// </summary>
    public const string Grant = Usable +
        """
        , first_time as materialized (
            select not exists (select from coordinator.backfill_batch where request_id = $9) as yes
        ), repeated as (
            select b.* from coordinator.backfill_batch b
            where b.request_id = $9 and b.holder = $1 and b.state = 0 and b.expires_at > clock_timestamp()
        ), chosen as materialized (
            select * from usable
            where system_identifier = any(current_setting('coordinator.servers')::bigint[]) and (select yes from first_time)
            order by running::float8 / greatest(slots, 1), random()
            limit 1
        ), lapsed as materialized (
            select b.migration, b.shard, b.step, b.batch, b.holder <> '' as was_held
            from coordinator.backfill_batch b join chosen c using (migration, shard, step)
            where b.state = 0 and b.expires_at <= clock_timestamp() and b.batch >= c.pass::bigint << 32
                and not exists (select from coordinator.service_tick where ticked_at < clock_timestamp() - $7)
            order by b.batch
            limit (select most from chosen)
            for update of b skip locked
        ), taken as (
            update coordinator.backfill_batch b
            set epoch = b.epoch + 1, lease_id = gen_random_uuid(), holder = $1, request_id = $9, parallelism = $5,
                granted_at = clock_timestamp(), expires_at = clock_timestamp() + $10,
                takeovers = b.takeovers + (b.holder <> '')::integer
            from lapsed l
            where b.migration = l.migration and b.shard = l.shard and b.step = l.step and b.batch = l.batch
            returning b.*
        ), sampled as (
            insert into coordinator.backfill_sample (migration, shard, step, takeovers)
            select migration, shard, step, count(*) from lapsed where was_held group by migration, shard, step
        ), fair as materialized (
            select c.*, case when c.others = 0 then null else greatest(ceil(remaining.blocks::float8
                / (2 * (c.running + case when c.mine = 0 then 1 else 0 end)))::bigint, 1) end as part
            from chosen c cross join lateral (
                select coalesce(sum(end_block - next_block), 0) as blocks
                from coordinator.backfill_range r
                where r.migration = c.migration and r.shard = c.shard and r.step = c.step and r.pass = c.pass
            ) remaining
        ), wanted as materialized (
            select f.*, s.blocks, least(f.most - (select count(*) from taken),
                case when f.part is not null then greatest(f.part / s.blocks, 1) end) as batches
            from fair f cross join lateral (
                select least(f.size, greatest(coalesce(f.part, f.size), f.size / 10, 1)) as blocks
            ) s
        ), open_range as materialized (
            select r.migration, r.shard, r.step, r.range, r.next_block, r.end_block, w.blocks, w.batches, w.pass
            from coordinator.backfill_range r join wanted w using (migration, shard, step)
            where r.next_block < r.end_block and r.pass = w.pass and w.batches > 0
            order by r.range
            limit 2
            for update of r skip locked
        ), cut as materialized (
            select o.*, first_block, least(first_block + o.blocks, o.end_block) as upto
            from open_range o cross join lateral generate_series(
                o.next_block, least(o.end_block, o.next_block + o.blocks * o.batches) - 1, o.blocks) as first_block
            order by o.range, first_block
            limit (select batches from wanted)
        ), shortened as (
            update coordinator.backfill_range r set next_block = c.upto
            from (select migration, shard, step, range, max(upto) as upto from cut group by 1, 2, 3, 4) c
            where r.migration = c.migration and r.shard = c.shard and r.step = c.step and r.range = c.range
        ), carved as (
            insert into coordinator.backfill_batch as b (migration, shard, step, batch, first_block, end_block, epoch, lease_id, holder,
                request_id, parallelism, expires_at)
            select migration, shard, step, (pass::bigint << 32) + first_block, first_block, upto, 1, gen_random_uuid(), $1, $9, $5,
                clock_timestamp() + $10
            from cut
            returning b.*
        )
        select e.migration, e.shard, e.step, g.batch, g.epoch, g.lease_id, e.target, g.first_block, g.end_block, e.statement,
            e.generation, e.system_identifier, e.timeline, e.trigger_table, e.trigger_name, e.filled_table, e.pause_between,
            e.handler
        from (select * from taken union all select * from carved union all select * from repeated) g
            join eligible e using (migration, shard, step)
        order by 1, 2, 3, 4
        """;
}

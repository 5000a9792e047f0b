-- Grants what a round of requests was allotted: for each entry first batches whose lease ran out, under the next epoch, then new
-- ones off the front of the ranges. Whatever somebody else has locked is left to him. A batch is either carved, with a row and a
-- lease, or still part of its range.
create function coordinator.grant_batches(
    p_migration text[], p_shard text[], p_step text[], p_pass integer[], p_worker text[], p_request uuid[], p_parallelism integer[],
    p_most bigint[],    -- batches of either kind
    p_lapsed boolean[], -- whether there are batches whose lease ran out
    p_fair bigint[],    -- new batches
    p_blocks bigint[],  -- blocks of a new batch
    p_lease interval)
returns table (entry integer, batch bigint, epoch bigint, lease_id uuid, first_block bigint, end_block bigint)
language plpgsql as $$
declare
    v_left bigint;
    v_count bigint;
    v_range coordinator.backfill_range;
    v_upto bigint;
begin
    for i in 1 .. cardinality(p_request) loop
        -- Paused, finished or begun anew since it was allotted.
        continue when not exists (
            select from coordinator.backfill f
            where f.migration = p_migration[i] and f.shard = p_shard[i] and f.step = p_step[i] and f.state = 0 and f.pass = p_pass[i]);
        v_left := p_most[i];
        if p_lapsed[i] then
            return query
                with lapsed as materialized (
                    select b.batch as taken, b.holder <> '' as was_held
                    from coordinator.backfill_batch b
                    where b.migration = p_migration[i] and b.shard = p_shard[i] and b.step = p_step[i]
                        and b.state = 0 and b.expires_at <= clock_timestamp() and b.batch >= p_pass[i]::bigint << 32
                    order by b.batch
                    limit v_left
                    for update skip locked
                ), sampled as (
                    insert into coordinator.backfill_sample (migration, shard, step, takeovers)
                    select p_migration[i], p_shard[i], p_step[i], count(*) from lapsed where was_held having count(*) > 0
                )
                update coordinator.backfill_batch b
                set epoch = b.epoch + 1, lease_id = gen_random_uuid(), holder = p_worker[i], request_id = p_request[i],
                    parallelism = p_parallelism[i], granted_at = clock_timestamp(), expires_at = clock_timestamp() + p_lease,
                    takeovers = b.takeovers + (b.holder <> '')::integer
                from lapsed l
                where b.migration = p_migration[i] and b.shard = p_shard[i] and b.step = p_step[i] and b.batch = l.taken
                returning i, b.batch, b.epoch, b.lease_id, b.first_block, b.end_block;
            get diagnostics v_count = row_count;
            v_left := v_left - v_count;
        end if;
        v_left := least(v_left, p_fair[i]);
        while v_left > 0 loop
            select r.* into v_range
            from coordinator.backfill_range r
            where r.migration = p_migration[i] and r.shard = p_shard[i] and r.step = p_step[i]
                and r.pass = p_pass[i] and r.next_block < r.end_block
            order by r.range
            limit 1
            for update skip locked;
            exit when not found;
            v_upto := least(v_range.end_block, v_range.next_block + p_blocks[i] * v_left);
            update coordinator.backfill_range r set next_block = v_upto
            where r.migration = v_range.migration and r.shard = v_range.shard and r.step = v_range.step and r.range = v_range.range;
            return query
                insert into coordinator.backfill_batch as b (migration, shard, step, batch, first_block, end_block, epoch, lease_id, holder,
                    request_id, parallelism, expires_at)
                select p_migration[i], p_shard[i], p_step[i], (p_pass[i]::bigint << 32) + f, f, least(f + p_blocks[i], v_upto), 1,
                    gen_random_uuid(), p_worker[i], p_request[i], p_parallelism[i], clock_timestamp() + p_lease
                from generate_series(v_range.next_block, v_upto - 1, p_blocks[i]) f
                returning i, b.batch, b.epoch, b.lease_id, b.first_block, b.end_block;
            get diagnostics v_count = row_count;
            v_left := v_left - v_count;
        end loop;
    end loop;
end $$;

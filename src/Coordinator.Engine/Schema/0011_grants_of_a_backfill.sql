-- Grants batches of one backfill to the requests of a round: one statement per range for all of them, where one for each request took most
-- of the round's time. Replicas of the version before go on calling grant_batches.
create function coordinator.grant_batches_of(
    p_migration text, p_shard text, p_step text, p_pass integer,
    p_lapsed boolean, -- whether there are batches whose lease ran out
    p_lease interval,
    -- Of the requests:
    p_worker text[], p_request uuid[], p_parallelism integer[],
    p_most bigint[],    -- batches of either kind
    p_fair bigint[],    -- new batches
    p_blocks bigint[])  -- blocks of a new batch
returns table (request uuid, batch bigint, epoch bigint, lease_id uuid, first_block bigint, end_block bigint)
language plpgsql as $$
declare
    v_left bigint[] := p_most;  -- what each request still gets
    v_next integer := 1;        -- the request that gets the next new batch
    v_count bigint;
    v_range coordinator.backfill_range;
    v_cell bigint;
    v_cells bigint;
    v_turn bigint;
    v_place bigint;
    v_first bigint;
    v_blocks bigint;
    v_requests integer[];
    v_sweeps smallint[];
    v_firsts bigint[];
    v_ends bigint[];
begin
    select f.sweep_cell, coordinator.visits(f.total_blocks, f.sweep_cell) / nullif(f.sweep_cell * 4, 0) into v_cell, v_cells
    from coordinator.backfill f
    where f.migration = p_migration and f.shard = p_shard and f.step = p_step and f.state = 0 and f.pass = p_pass;
    if not found then
        return; -- paused, finished or begun anew since it was allotted
    end if;
    for i in 1 .. cardinality(p_request) loop
        if p_lapsed then
            return query
                with lapsed as materialized (
                    select b.batch as taken, b.holder <> '' as was_held
                    from coordinator.backfill_batch b
                    where b.migration = p_migration and b.shard = p_shard and b.step = p_step
                        and b.state = 0 and b.expires_at <= clock_timestamp() and b.batch >= p_pass::bigint << 32
                    order by b.batch
                    limit v_left[i]
                    for update skip locked
                ), sampled as (
                    insert into coordinator.backfill_sample (migration, shard, step, takeovers)
                    select p_migration, p_shard, p_step, count(*) from lapsed where was_held having count(*) > 0
                )
                update coordinator.backfill_batch b
                set epoch = b.epoch + 1, lease_id = gen_random_uuid(), holder = p_worker[i], request_id = p_request[i],
                    parallelism = p_parallelism[i], granted_at = clock_timestamp(), expires_at = clock_timestamp() + p_lease,
                    takeovers = b.takeovers + (b.holder <> '')::integer
                from lapsed l
                where b.migration = p_migration and b.shard = p_shard and b.step = p_step and b.batch = l.taken
                returning p_request[i], b.batch, b.epoch, b.lease_id, b.first_block, b.end_block;
            get diagnostics v_count = row_count;
            v_left[i] := v_left[i] - v_count;
        end if;
        v_left[i] := least(v_left[i], p_fair[i]);
    end loop;
    loop
        while v_left[v_next] <= 0 loop
            v_next := v_next + 1;
        end loop;
        exit when v_next > cardinality(p_request);
        select r.* into v_range
        from coordinator.backfill_range r
        where r.migration = p_migration and r.shard = p_shard and r.step = p_step and r.pass = p_pass and r.next_block < r.end_block
        order by r.range
        limit 1
        for update skip locked;
        exit when not found;
        v_requests := '{}';
        v_sweeps := '{}';
        v_firsts := '{}';
        v_ends := '{}';
        while v_left[v_next] > 0 and v_range.next_block < v_range.end_block loop
            if v_cell = 0 then
                v_first := v_range.next_block;
                v_blocks := least(p_blocks[v_next], v_range.end_block - v_first);
                v_range.next_block := v_first + v_blocks;
            else
                v_turn := v_range.next_block / (v_cell * 4);
                v_place := v_range.next_block % (v_cell * 4) / 4;
                if v_range.sweep = 0 then
                    v_range.slice_blocks := least(p_blocks[v_next], v_cell - v_place);
                end if;
                v_first := ((v_turn - v_range.sweep * 4) % v_cells + v_cells) % v_cells * v_cell + v_place;
                v_blocks := v_range.slice_blocks;
            end if;
            v_requests := v_requests || v_next;
            v_sweeps := v_sweeps || v_range.sweep;
            v_firsts := v_firsts || v_first;
            v_ends := v_ends || v_first + v_blocks;
            if v_cell > 0 then
                v_range.sweep := (v_range.sweep + 1) % 4;
                if v_range.sweep = 0 then
                    v_range.next_block := v_range.next_block + v_blocks * 4;
                end if;
            end if;
            v_left[v_next] := v_left[v_next] - 1;
            while v_left[v_next] <= 0 loop
                v_next := v_next + 1;
            end loop;
        end loop;
        update coordinator.backfill_range r
        set next_block = v_range.next_block, sweep = v_range.sweep, slice_blocks = v_range.slice_blocks
        where r.migration = p_migration and r.shard = p_shard and r.step = p_step and r.range = v_range.range;
        return query
            insert into coordinator.backfill_batch as b (migration, shard, step, batch, first_block, end_block, epoch, lease_id, holder,
                request_id, parallelism, expires_at)
            select p_migration, p_shard, p_step, (p_pass::bigint << 32) + (cut.sweep::bigint << 30) + cut.first, cut.first, cut.upto,
                1, gen_random_uuid(), p_worker[cut.nth], p_request[cut.nth], p_parallelism[cut.nth], clock_timestamp() + p_lease
            from unnest(v_requests, v_sweeps, v_firsts, v_ends) as cut(nth, sweep, first, upto)
            returning b.request_id, b.batch, b.epoch, b.lease_id, b.first_block, b.end_block;
    end loop;
end $$;

-- A table can also be swept by its rows' keys, and then a statement has a placeholder for the sweep, which whoever grants has to fill in.
-- And nothing is handed out behind the table's end any more, where the last cell may reach: behind the last mark there is no interval.
create or replace function coordinator.visits(p_blocks bigint, p_cell bigint) returns bigint
language sql immutable as $$
    select case when p_cell = 0 then p_blocks else p_blocks * 4 end
$$;

comment on column coordinator.backfill.sweep_cell is
    'So many blocks, or intervals between marks, are a cell of a table that is gone over in sweeps; 0: each block is visited once.';

create function coordinator.grant_batches_of(
    p_migration text, p_shard text, p_step text, p_pass integer,
    p_lapsed boolean, -- whether there are batches whose lease ran out
    p_lease interval,
    -- Of the requests:
    p_worker text[], p_request uuid[], p_parallelism integer[],
    p_most bigint[],    -- batches of either kind
    p_fair bigint[],    -- new batches
    p_blocks bigint[],  -- blocks of a new batch
    p_by_key boolean)   -- whether the caller fills in the sweep of a table that is swept by its rows' keys
returns table (request uuid, batch bigint, epoch bigint, lease_id uuid, first_block bigint, end_block bigint)
language plpgsql as $$
declare
    v_left bigint[] := p_most;  -- what each request still gets
    v_next integer := 1;        -- the request that gets the next new batch
    v_count bigint;
    v_range coordinator.backfill_range;
    v_total bigint;
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
    select case when f.sweep_cell > 0 then f.total_blocks else 9223372036854775807 end, f.sweep_cell,
        (f.total_blocks + f.sweep_cell - 1) / nullif(f.sweep_cell, 0)
    into v_total, v_cell, v_cells
    from coordinator.backfill f
    where f.migration = p_migration and f.shard = p_shard and f.step = p_step and f.state = 0 and f.pass = p_pass
        and (p_by_key or f.sweep_cell = 0 or f.statement not like '%{sweep}%');
    if not found then
        return; -- paused, finished or begun anew since it was allotted, or not for this caller
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
            -- Behind the table's end, in the last cell, there is nothing to visit.
            if v_first < v_total then
                v_requests := v_requests || v_next;
                v_sweeps := v_sweeps || v_range.sweep;
                v_firsts := v_firsts || v_first;
                v_ends := v_ends || least(v_first + v_blocks, v_total);
                v_left[v_next] := v_left[v_next] - 1;
            end if;
            if v_cell > 0 then
                v_range.sweep := (v_range.sweep + 1) % 4;
                if v_range.sweep = 0 then
                    v_range.next_block := v_range.next_block + v_blocks * 4;
                end if;
            end if;
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

-- What replicas of the versions before call: they can't fill in a sweep.
create or replace function coordinator.grant_batches_of(
    p_migration text, p_shard text, p_step text, p_pass integer, p_lapsed boolean, p_lease interval, p_worker text[], p_request uuid[],
    p_parallelism integer[], p_most bigint[], p_fair bigint[], p_blocks bigint[])
returns table (request uuid, batch bigint, epoch bigint, lease_id uuid, first_block bigint, end_block bigint)
language sql as $$
    select * from coordinator.grant_batches_of(
        p_migration, p_shard, p_step, p_pass, p_lapsed, p_lease, p_worker, p_request, p_parallelism, p_most, p_fair, p_blocks, false)
$$;

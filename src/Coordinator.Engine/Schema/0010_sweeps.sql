-- A table can be gone over in four sweeps, each of which changes every fourth row of a page. What ranges hand out are then visits: four
-- for each block, in turns. A turn visits four cells (so many blocks), each for another sweep: slice by slice, one batch for each, so that
-- any four batches are alike. A cell is visited again four turns later.
alter table coordinator.backfill add column sweep_cell bigint not null default 0;   -- 0: each block is visited once

alter table coordinator.backfill_range
    add column sweep smallint not null default 0,       -- the next batch is of this sweep
    add column slice_blocks bigint not null default 0;  -- and as large as that of sweep 0

comment on column coordinator.backfill_range.next_block is 'The first visit of the next slice; without sweeps the next block.';
comment on column coordinator.backfill_batch.batch is 'pass * 2^32 + sweep * 2^30 + first_block; without sweeps pass * 2^32 + first_block.';

-- How many visits there are: the last cell may end behind the table, where there is nothing to do.
create function coordinator.visits(p_blocks bigint, p_cell bigint) returns bigint
language sql immutable as $$
    select case when p_cell = 0 then p_blocks else (p_blocks + p_cell - 1) / p_cell * p_cell * 4 end
$$;

create or replace function coordinator.grant_batches(
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
    v_cell bigint;
    v_cells bigint;
    v_turn bigint;
    v_place bigint;
    v_first bigint;
    v_blocks bigint;
    v_sweeps smallint[];
    v_firsts bigint[];
    v_ends bigint[];
begin
    for i in 1 .. cardinality(p_request) loop
        select f.sweep_cell, coordinator.visits(f.total_blocks, f.sweep_cell) / nullif(f.sweep_cell * 4, 0) into v_cell, v_cells
        from coordinator.backfill f
        where f.migration = p_migration[i] and f.shard = p_shard[i] and f.step = p_step[i] and f.state = 0 and f.pass = p_pass[i];
        -- Paused, finished or begun anew since it was allotted.
        continue when not found;
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
            v_sweeps := '{}';
            v_firsts := '{}';
            v_ends := '{}';
            while cardinality(v_firsts) < v_left and v_range.next_block < v_range.end_block loop
                if v_cell = 0 then
                    v_first := v_range.next_block;
                    v_blocks := least(p_blocks[i], v_range.end_block - v_first);
                    v_range.next_block := v_first + v_blocks;
                else
                    v_turn := v_range.next_block / (v_cell * 4);
                    v_place := v_range.next_block % (v_cell * 4) / 4;
                    if v_range.sweep = 0 then
                        v_range.slice_blocks := least(p_blocks[i], v_cell - v_place);
                    end if;
                    v_first := ((v_turn - v_range.sweep * 4) % v_cells + v_cells) % v_cells * v_cell + v_place;
                    v_blocks := v_range.slice_blocks;
                end if;
                v_sweeps := v_sweeps || v_range.sweep;
                v_firsts := v_firsts || v_first;
                v_ends := v_ends || v_first + v_blocks;
                if v_cell > 0 then
                    v_range.sweep := (v_range.sweep + 1) % 4;
                    if v_range.sweep = 0 then
                        v_range.next_block := v_range.next_block + v_blocks * 4;
                    end if;
                end if;
            end loop;
            update coordinator.backfill_range r
            set next_block = v_range.next_block, sweep = v_range.sweep, slice_blocks = v_range.slice_blocks
            where r.migration = v_range.migration and r.shard = v_range.shard and r.step = v_range.step and r.range = v_range.range;
            return query
                insert into coordinator.backfill_batch as b (migration, shard, step, batch, first_block, end_block, epoch, lease_id, holder,
                    request_id, parallelism, expires_at)
                select p_migration[i], p_shard[i], p_step[i], (p_pass[i]::bigint << 32) + (cut.sweep::bigint << 30) + cut.first, cut.first,
                    cut.upto, 1, gen_random_uuid(), p_worker[i], p_request[i], p_parallelism[i], clock_timestamp() + p_lease
                from unnest(v_sweeps, v_firsts, v_ends) as cut(sweep, first, upto)
                returning i, b.batch, b.epoch, b.lease_id, b.first_block, b.end_block;
            get diagnostics v_count = row_count;
            v_left := v_left - v_count;
        end loop;
    end loop;
end $$;

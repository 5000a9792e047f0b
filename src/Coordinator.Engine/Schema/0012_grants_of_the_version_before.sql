-- What replicas of the version before call goes through what this version calls, request by request, so that the two can't come apart.
create or replace function coordinator.grant_batches(
    p_migration text[], p_shard text[], p_step text[], p_pass integer[], p_worker text[], p_request uuid[], p_parallelism integer[],
    p_most bigint[], p_lapsed boolean[], p_fair bigint[], p_blocks bigint[], p_lease interval)
returns table (entry integer, batch bigint, epoch bigint, lease_id uuid, first_block bigint, end_block bigint)
language plpgsql as $$
begin
    for i in 1 .. cardinality(p_request) loop
        return query
            select i, g.batch, g.epoch, g.lease_id, g.first_block, g.end_block
            from coordinator.grant_batches_of(
                p_migration[i], p_shard[i], p_step[i], p_pass[i], p_lapsed[i], p_lease, p_worker[i:i], p_request[i:i], p_parallelism[i:i],
                p_most[i:i], p_fair[i:i], p_blocks[i:i]) g;
    end loop;
end $$;

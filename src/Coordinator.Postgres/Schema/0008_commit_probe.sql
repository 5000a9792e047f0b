-- How long a commit takes here, as an application feels it. Setting a sequence is logged each time and needs a transaction number, so its
-- commit waits for the log's flush and for synchronous standbys like any other; it leaves no dead row behind, and logical replication
-- does not carry it, as it would a row or a message.

create sequence coordinator.commit_probe;
comment on sequence coordinator.commit_probe is 'Set again and again, for the sake of the commit; its value says nothing.';

-- What commits can't have a search_path or rights of its own: that is why every name in it is qualified. How the commit waits is what
-- the caller's synchronous_commit says.
create procedure coordinator.time_commit(inout took_ms pg_catalog.float8)
language plpgsql as $$
declare
  v_began pg_catalog.timestamptz;
begin
  perform pg_catalog.setval('coordinator.commit_probe'::pg_catalog.regclass, 1);
  v_began := pg_catalog.clock_timestamp();
  commit;
  took_ms := pg_catalog.date_part('epoch', pg_catalog.clock_timestamp() operator(pg_catalog.-) v_began)
    operator(pg_catalog.*) 1000::pg_catalog.float8;
end $$;
comment on procedure coordinator.time_commit(pg_catalog.float8) is
  'Writes to the log, commits, and returns how many milliseconds the commit took, by this server''s own clock.';

revoke all on procedure coordinator.time_commit(pg_catalog.float8) from public;

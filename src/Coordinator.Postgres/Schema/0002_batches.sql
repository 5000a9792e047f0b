-- Fence, ledger and the batch protocol.
--
-- A batch is one READ COMMITTED transaction of a worker, sent as one pipelined message:
--   begin; timeouts; enter_fence; check_fence; claim_batch; finish_batch(apply_batch(...)); commit
-- A pipeline does not branch: whatever a statement answers, the next one still runs. So every guard here raises, and
-- everything that makes the batch count stands behind the guards.

create table coordinator.fence (
  migration      text   primary key,
  coordinator_id uuid   not null,
  generation     bigint not null,
  mode           text   not null check (mode in ('open', 'paused', 'closed'))
);

create table coordinator.ledger (
  migration    text   not null,
  step         text   not null,
  batch        bigint not null,
  lo           bigint not null,
  hi           bigint not null,
  epoch        bigint not null,
  lease_id     uuid   not null,
  state        text   not null default 'open' check (state in ('open', 'done')),
  xid          xid8,
  rows         bigint,
  committed_at timestamptz,
  primary key (migration, step, batch)
);

create table coordinator.quarantine (
  migration  text not null,
  step       text not null,
  key        text not null,
  sqlstate   text not null,
  message    text not null,
  first_seen timestamptz not null default clock_timestamp(),
  last_seen  timestamptz not null default clock_timestamp(),
  waived_by  text,
  primary key (migration, step, key)
);

-- Advisory-lock keys. A collision of two hashes costs a back-off, never safety.
create function coordinator.fence_key(p_migration text) returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select hashtextextended('coordinator/' || p_migration, 0)
$$;

create function coordinator.batch_key(p_migration text, p_step text, p_batch bigint) returns bigint
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select hashtextextended('coordinator/' || p_migration || '/' || p_step || '/' || p_batch, 1)
$$;

-- Held to the end of the transaction, shared by all batches of the migration. A raise publishes the new generation first
-- and then tries the exclusive lock: whoever read the old generation holds this lock, so it has ended by then.
create function coordinator.enter_fence(p_migration text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform coordinator.require(
    current_setting('transaction_isolation') = 'read committed', 'CO011',
    'WRONG_ISOLATION: a batch runs under READ COMMITTED; a frozen snapshot would show it an old fence and an old ledger');
  perform coordinator.require(
    pg_try_advisory_xact_lock_shared(coordinator.fence_key(p_migration)), 'CO001',
    'FENCE_BUSY: the fence of ' || p_migration || ' is being raised; back off and ask for the lease again');
end $$;

-- Must be a later statement than enter_fence: a statement's snapshot is older than the locks that it takes.
create function coordinator.check_fence(
  p_migration text, p_generation bigint, p_system_identifier bigint, p_timeline text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_fence coordinator.fence;
  v_timeline text;
begin
  perform coordinator.require(
    not pg_is_in_recovery(), 'CO008', 'WRONG_TARGET: this server is a standby; connect to the primary');
  v_timeline := substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8);
  perform coordinator.require(
    (select c.system_identifier from pg_control_system() as c) = p_system_identifier, 'CO008',
    'WRONG_TARGET: this server''s system identifier is not ' || p_system_identifier || ', for which the batch was granted');
  perform coordinator.require(
    v_timeline = p_timeline, 'CO008',
    'WRONG_TARGET: this server is on timeline ' || v_timeline || '; the batch was granted for ' || p_timeline);
  select f.* into v_fence from coordinator.fence as f where f.migration = p_migration;
  perform coordinator.require(
    v_fence.migration is not null, 'CO002', 'FENCE_MOVED: there is no fence of ' || p_migration || ' here');
  perform coordinator.require(
    v_fence.mode = 'open' and v_fence.generation = p_generation, 'CO002',
    'FENCE_MOVED: the fence of ' || p_migration || ' is ' || v_fence.mode || ' at generation ' || v_fence.generation
      || '; the batch was granted at generation ' || p_generation);
end $$;

-- Null when the trigger that keeps the row in sync is as it was installed, else what is wrong with it.
create function coordinator.trigger_problem(p_migration text, p_table text, p_trigger text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_table oid := to_regclass(p_table);
  v_registered coordinator.sync_trigger;
  v_trigger pg_trigger;
begin
  select s.* into v_registered from coordinator.sync_trigger as s
   where s.migration = p_migration and s.trigger_name = p_trigger;
  if v_registered.migration is null then
    return format('trigger %s is not registered for migration %s', p_trigger, p_migration);
  elsif v_table is null then
    return format('table %s does not exist', p_table);
  elsif v_registered.table_oid is distinct from v_table then
    return format('table %s is not the one that trigger %s was installed on', p_table, p_trigger);
  end if;
  select t.* into v_trigger from pg_trigger as t where t.tgrelid = v_table and t.tgname = p_trigger;
  if v_trigger.oid is null then
    return format('trigger %s on %s is missing', p_trigger, p_table);
  elsif v_trigger.tgenabled <> 'A' then
    return format('trigger %s on %s is not ENABLE ALWAYS', p_trigger, p_table);
  -- 23: BEFORE (2) INSERT (4) OR UPDATE (16) FOR EACH ROW (1)
  elsif v_trigger.tgtype <> 23 or v_trigger.tgattr::text <> '' or v_trigger.tgqual is not null then
    return format('trigger %s on %s no longer fires before every INSERT and UPDATE of a row', p_trigger, p_table);
  elsif md5(pg_get_functiondef(v_trigger.tgfoid)) is distinct from v_registered.function_hash then
    return format('the function of trigger %s on %s was replaced', p_trigger, p_table);
  end if;
  return null;
end $$;

-- From here to the commit this transaction is the only one that runs the batch. The ledger row is locked FOR NO KEY
-- UPDATE: a plain read or FOR KEY SHARE would not keep a successor from raising the epoch behind our back.
create function coordinator.claim_batch(
  p_migration text, p_step text, p_batch bigint, p_lo bigint, p_hi bigint, p_epoch bigint, p_lease_id uuid,
  p_trigger_table text default null, p_trigger_name text default null) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_batch text := p_migration || '/' || p_step || '/' || p_batch;
  v_ledger coordinator.ledger;
  v_problem text;
begin
  perform coordinator.require(
    pg_try_advisory_xact_lock(coordinator.batch_key(p_migration, p_step, p_batch)), 'CO003',
    'BATCH_BUSY: another transaction runs batch ' || v_batch || '; back off');
  -- The first holder needs no raise: nobody older exists. Every later epoch was raised in a committed transaction.
  if p_epoch = 1 then
    insert into coordinator.ledger (migration, step, batch, lo, hi, epoch, lease_id)
    values (p_migration, p_step, p_batch, p_lo, p_hi, p_epoch, p_lease_id)
    on conflict do nothing;
  end if;
  select l.* into v_ledger from coordinator.ledger as l
   where l.migration = p_migration and l.step = p_step and l.batch = p_batch
     for no key update;
  perform coordinator.require(
    v_ledger.migration is not null, 'CO009',
    'LEDGER_MISSING: batch ' || v_batch || ' has no ledger row at epoch ' || p_epoch
      || '; it was not raised, or somebody deleted the row: do not run it again before that is understood');
  perform coordinator.require(
    v_ledger.state = 'open' or (v_ledger.lo = p_lo and v_ledger.hi = p_hi), 'CO012',
    'RANGE_DIFFERS: batch ' || v_batch || ' is done for blocks ' || v_ledger.lo || ' to ' || v_ledger.hi
      || ', not for ' || p_lo || ' to ' || p_hi);
  perform coordinator.require(v_ledger.state = 'open', 'CO004', 'BATCH_DONE: batch ' || v_batch || ' is done');
  perform coordinator.require(
    v_ledger.epoch = p_epoch and v_ledger.lease_id = p_lease_id, 'CO005',
    'LEASE_SUPERSEDED: batch ' || v_batch || ' belongs to epoch ' || v_ledger.epoch || ', lease ' || v_ledger.lease_id);
  if p_trigger_name is not null then
    -- Locked before it is looked at: the trigger can't be dropped or disabled between here and the batch's end.
    if to_regclass(p_trigger_table) is not null then
      execute format('lock table only %s in row exclusive mode', to_regclass(p_trigger_table));
    end if;
    v_problem := coordinator.trigger_problem(p_migration, p_trigger_table, p_trigger_name);
    perform coordinator.require(v_problem is null, 'CO007', 'SYNC_TRIGGER_BROKEN: ' || v_problem);
  end if;
  update coordinator.ledger as l set xid = pg_current_xact_id(), lo = p_lo, hi = p_hi
   where l.migration = p_migration and l.step = p_step and l.batch = p_batch;
end $$;

-- SECURITY INVOKER and with the caller's search_path: the statement is the operator's and runs with the worker's rights.
-- PostgreSQL refuses transaction control inside a function, so the statement can't leave the fenced transaction.
create function coordinator.apply_batch(p_statement text, p_lo bigint, p_hi bigint) returns bigint
language plpgsql as $$
declare
  v_rows bigint;
begin
  execute p_statement using
    pg_catalog.format('(%s,0)', p_lo)::pg_catalog.tid, pg_catalog.format('(%s,0)', p_hi)::pg_catalog.tid;
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;

create function coordinator.finish_batch(
  p_migration text, p_step text, p_batch bigint, p_epoch bigint, p_lease_id uuid, p_rows bigint) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_rows bigint;
begin
  update coordinator.ledger as l
     set state = 'done', rows = p_rows, committed_at = clock_timestamp()
   where l.migration = p_migration and l.step = p_step and l.batch = p_batch
     and l.epoch = p_epoch and l.lease_id = p_lease_id and l.state = 'open' and l.xid = pg_current_xact_id();
  get diagnostics v_rows = row_count;
  perform coordinator.require(
    v_rows = 1, 'CO006',
    'TRANSACTION_ESCAPED: the transaction that claimed batch ' || p_migration || '/' || p_step || '/' || p_batch
      || ' is not the one that finishes it; its effect may be committed: stop the migration, do not run the batch again');
end $$;

-- A later holder's claim, in its own committed transaction before the batch: from then on no older holder commits.
-- Waits, within lock_timeout, for a transaction that holds the row. An equal epoch is accepted from the same lease only
-- (a repeated message); two holders can have one epoch after the coordination database lost its tail in a failover.
create function coordinator.raise_batch(
  p_migration text, p_step text, p_batch bigint, p_lo bigint, p_hi bigint, p_epoch bigint, p_lease_id uuid) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_rows bigint;
  v_ledger coordinator.ledger;
begin
  perform coordinator.require(
    p_epoch >= 2, '22023', 'raise_batch is for epoch 2 and later; epoch 1 is claimed inside the batch');
  insert into coordinator.ledger as l (migration, step, batch, lo, hi, epoch, lease_id)
  values (p_migration, p_step, p_batch, p_lo, p_hi, p_epoch, p_lease_id)
  on conflict (migration, step, batch) do update
     set epoch = excluded.epoch, lease_id = excluded.lease_id, lo = excluded.lo, hi = excluded.hi, xid = null
   where l.state = 'open'
     and (l.epoch < excluded.epoch or (l.epoch = excluded.epoch and l.lease_id = excluded.lease_id));
  get diagnostics v_rows = row_count;
  if v_rows = 1 then
    return 'raised';
  end if;
  select l.* into v_ledger from coordinator.ledger as l
   where l.migration = p_migration and l.step = p_step and l.batch = p_batch
     for no key update;
  if v_ledger.state = 'done' then
    perform coordinator.require(
      v_ledger.lo = p_lo and v_ledger.hi = p_hi, 'CO012',
      'RANGE_DIFFERS: batch ' || p_migration || '/' || p_step || '/' || p_batch || ' is done for blocks '
        || v_ledger.lo || ' to ' || v_ledger.hi || ', not for ' || p_lo || ' to ' || p_hi);
    return 'done';
  end if;
  return 'superseded:' || v_ledger.epoch;
end $$;

-- Settles an unknown commit. While a transaction still runs, or waits for a standby in its COMMIT, the row looks open or
-- absent. So a row that is not done is believed only under the batch's lock, and read again once that is had: whoever
-- held it has ended by then. A done row needs no such care (its writer may hold the lock a moment longer than the row).
create function coordinator.read_batch(p_migration text, p_step text, p_batch bigint) returns setof coordinator.ledger
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_ledger coordinator.ledger;
begin
  select l.* into v_ledger from coordinator.ledger as l
   where l.migration = p_migration and l.step = p_step and l.batch = p_batch
     for no key update;
  if v_ledger.state is distinct from 'done' then
    perform coordinator.require(
      pg_try_advisory_xact_lock(coordinator.batch_key(p_migration, p_step, p_batch)), 'CO003',
      'BATCH_BUSY: a transaction runs batch ' || p_migration || '/' || p_step || '/' || p_batch || '; ask again');
    select l.* into v_ledger from coordinator.ledger as l
     where l.migration = p_migration and l.step = p_step and l.batch = p_batch
       for no key update;
  end if;
  if v_ledger.migration is not null then
    return next v_ledger;
  end if;
end $$;

revoke all on function coordinator.fence_key(text) from public;
revoke all on function coordinator.batch_key(text, text, bigint) from public;
revoke all on function coordinator.enter_fence(text) from public;
revoke all on function coordinator.check_fence(text, bigint, bigint, text) from public;
revoke all on function coordinator.trigger_problem(text, text, text) from public;
revoke all on function coordinator.claim_batch(text, text, bigint, bigint, bigint, bigint, uuid, text, text) from public;
revoke all on function coordinator.apply_batch(text, bigint, bigint) from public;
revoke all on function coordinator.finish_batch(text, text, bigint, bigint, uuid, bigint) from public;
revoke all on function coordinator.raise_batch(text, text, bigint, bigint, bigint, bigint, uuid) from public;
revoke all on function coordinator.read_batch(text, text, bigint) from public;

-- Rows that can't be filled: a batch that meets one applies itself to smaller and smaller ranges, down to that row,
-- records it here and goes on. All of that is the batch's one transaction, so it counts once or not at all.

-- A key can be longer than an index entry may be, so its hash identifies the row.
alter table coordinator.quarantine
  add column key_hash     bytea,
  add column table_name   text not null default '',
  add column waive_reason text,
  add column waived_at    timestamptz;
update coordinator.quarantine set key_hash = sha256(convert_to(key, 'UTF8'));
alter table coordinator.quarantine drop constraint quarantine_pkey, add primary key (migration, step, key_hash);

comment on column coordinator.quarantine.key is
  'The row''s primary key as a JSON object; where the table has none, its place (ctid) and the blocks of its batch.';
comment on column coordinator.quarantine.waived_by is
  'Who decided that this row may stay as it is; null: it keeps the contract waiting.';

-- Whether an error is the row's own fault, so that other rows may pass: bad values (22), constraints (23, 44), what
-- triggers and functions raise (09, 20, 21, 27, 2F, 38, 39, P0, and any class that PostgreSQL does not use itself), and
-- values too large for an index (54). Everything else is met by every row, or passes by itself.
create function coordinator.is_data_error(p_sqlstate text) returns boolean
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select left(p_sqlstate, 2) = any ('{09,10,20,21,22,23,27,2F,38,39,44,54,P0}'::text[])
      or left(p_sqlstate, 2) <> all (
           '{00,01,02,03,08,0A,0B,0F,0L,0P,0Z,24,25,26,28,2B,2D,34,3B,3D,3F,40,42,53,55,57,58,72,F0,HV,XX,CO}'::text[])
$$;

-- Only in the transaction that runs a batch of that backfill: what it records stands if the batch does.
create function coordinator.quarantine_row(
  p_migration text, p_step text, p_table text, p_key text, p_sqlstate text, p_message text) returns void
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  perform coordinator.require(
    exists (
      select from coordinator.ledger as l
       where l.migration = p_migration and l.step = p_step and l.state = 'open' and l.xid = pg_current_xact_id()),
    'CO016', 'NOT_IN_A_BATCH: a row is quarantined by the transaction that runs its batch, and this one runs none');
  insert into coordinator.quarantine as q (migration, step, key_hash, key, table_name, sqlstate, message)
  values (p_migration, p_step, sha256(convert_to(p_key, 'UTF8')), p_key, p_table, p_sqlstate, left(p_message, 1000))
  on conflict (migration, step, key_hash) do update
     set sqlstate = excluded.sqlstate, message = excluded.message, table_name = excluded.table_name,
         last_seen = clock_timestamp();
end $$;

-- Null when there is no row at that place. SECURITY INVOKER: what the caller may not read, it does not get.
create function coordinator.key_of_row(p_table text, p_place tid, p_lo bigint, p_hi bigint) returns text
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_columns text;
  v_key text;
begin
  select string_agg(format('%L, t.%I', a.attname, a.attname), ', ' order by a.attnum)
    into v_columns
    from pg_index as i
    join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = any (i.indkey)
   where i.indrelid = to_regclass(p_table) and i.indisprimary;
  execute format(
    'select jsonb_build_object(%s)::text from only %s as t where t.ctid = $1',
    coalesce(v_columns, '''ctid'', t.ctid::text, ''blocks'', jsonb_build_array($2, $3)'), p_table)
    into v_key using p_place, p_lo, p_hi;
  return v_key;
end $$;

-- apply_batch for a batch that failed with a data error. Each range is tried in a sub-transaction of its own; one that
-- fails is halved: blocks first, then the places within a block, down to one row. A row that an earlier range moved
-- into a later one is met twice, as it is by two batches: a fill must stand that.
create function coordinator.bisect_batch(
  p_migration text, p_step text, p_table text, p_statement text, p_lo bigint, p_hi bigint, p_most integer,
  out applied_rows bigint, out bad_rows bigint)
language plpgsql as $$
declare
  -- A place is block * 65536 + offset. The least that a row takes on a page bounds its offsets.
  v_last bigint := (pg_catalog.current_setting('block_size')::bigint - 24) / 28;
  -- Ranges still to do, the next one at the end.
  v_from bigint[];
  v_upto bigint[];
  v_lo bigint;
  v_hi bigint;
  v_middle bigint;
  v_rows bigint;
  v_state text;
  v_message text;
  v_key text;
  v_empty integer := 0;
begin
  applied_rows := 0;
  bad_rows := 0;
  -- A constraint that is checked at the commit would fail there, where no row is to blame any more.
  set constraints all immediate;
  -- A key is the same text whatever the role's settings are; the other settings of that kind are the batch's own.
  perform pg_catalog.set_config('bytea_output', 'hex', true);
  -- The whole has failed already.
  if p_hi - p_lo > 1 then
    v_middle := (p_lo + p_hi) >> 1;
    v_from := array[v_middle << 16, p_lo << 16];
    v_upto := array[p_hi << 16, v_middle << 16];
  else
    v_from := array[p_lo << 16];
    v_upto := array[p_hi << 16];
  end if;
  while pg_catalog.cardinality(v_from) > 0 loop
    v_lo := v_from[pg_catalog.cardinality(v_from)];
    v_hi := v_upto[pg_catalog.cardinality(v_upto)];
    v_from := v_from[1:pg_catalog.cardinality(v_from) - 1];
    v_upto := v_upto[1:pg_catalog.cardinality(v_upto) - 1];
    begin
      execute p_statement using
        pg_catalog.format('(%s,%s)', v_lo >> 16, v_lo & 65535)::pg_catalog.tid,
        pg_catalog.format('(%s,%s)', v_hi >> 16, v_hi & 65535)::pg_catalog.tid;
      get diagnostics v_rows = row_count;
      applied_rows := applied_rows + v_rows;
      continue;
    exception when assert_failure or others then
      get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
      if not coordinator.is_data_error(v_state) then
        raise;
      end if;
    end;
    if v_hi - v_lo > 1 then
      if v_hi - v_lo > 65536 then
        v_middle := ((v_lo + v_hi) >> 17) << 16;
      else
        v_lo := greatest(v_lo, ((v_lo >> 16) << 16) + 1);
        v_hi := least(v_hi, ((v_lo >> 16) << 16) + v_last + 1);
        v_middle := (v_lo + v_hi) >> 1;
      end if;
      v_from := v_from || v_middle || v_lo;
      v_upto := v_upto || v_hi || v_middle;
      continue;
    end if;
    v_key := coordinator.key_of_row(
      p_table, pg_catalog.format('(%s,%s)', v_lo >> 16, v_lo & 65535)::pg_catalog.tid, p_lo, p_hi);
    if v_key is null then
      -- Somebody has moved the row meanwhile: then the next try finds nothing to do. If it fails again, no row is at
      -- fault but the statement itself.
      v_empty := v_empty + 1;
      if v_empty > 20 then
        raise exception using errcode = v_state, message = v_message;
      end if;
      v_from := v_from || v_lo;
      v_upto := v_upto || v_hi;
      continue;
    end if;
    bad_rows := bad_rows + 1;
    if bad_rows > p_most then
      raise exception using errcode = 'CO015', message = pg_catalog.format(
        'TOO_MANY_BAD_ROWS: more than %s rows of one batch can''t be filled; the last error: %s (%s)',
        p_most, v_message, v_state);
    end if;
    perform coordinator.quarantine_row(p_migration, p_step, p_table, v_key, v_state, v_message);
  end loop;
end $$;

-- The statement for the one row at a place; what is wrong with the row is answered, not raised.
create function coordinator.apply_row(
  p_statement text, p_place tid, out applied_rows bigint, out failed_sqlstate text, out failed_message text)
language plpgsql as $$
begin
  set constraints all immediate;
  begin
    execute p_statement using
      p_place,
      pg_catalog.format(
        '(%s,%s)', (p_place::text::point)[0]::bigint, (p_place::text::point)[1]::bigint + 1)::pg_catalog.tid;
    get diagnostics applied_rows = row_count;
  exception when assert_failure or others then
    get stacked diagnostics failed_sqlstate = returned_sqlstate, failed_message = message_text;
    if not coordinator.is_data_error(failed_sqlstate) then
      raise;
    end if;
    applied_rows := 0;
  end;
end $$;

revoke all on function coordinator.is_data_error(text) from public;
revoke all on function coordinator.quarantine_row(text, text, text, text, text, text) from public;
revoke all on function coordinator.key_of_row(text, tid, bigint, bigint) from public;
revoke all on function coordinator.bisect_batch(text, text, text, text, bigint, bigint, integer) from public;
revoke all on function coordinator.apply_row(text, tid) from public;

-- Ranges by key. The key space of a table is cut at marks, every so many keys one; a batch is the rows behind one mark up to another.
-- A row stays in its range whatever else is written to it, because its key does not change: nothing has to keep it in sync meanwhile.

create table coordinator.key_mark (
  migration text    not null,
  step      text    not null,
  pass      integer not null,
  mark      bigint  not null, -- from 1, without a gap, in the order of the keys
  key       text[]  not null,
  primary key (migration, step, pass, mark)
);
comment on table coordinator.key_mark is
  'Where the key space of a table is cut for a backfill: batch [a, b) of a pass is the rows behind mark a (none for 0) up to mark b.';

-- The keys between which the batch that runs in this transaction works; null below the first mark. The pass is the upper half of the batch's number.
create function coordinator.key_bounds(
  p_migration text, p_step text, p_batch bigint, p_lo bigint, p_hi bigint, out lower_key text[], out upper_key text[])
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
  select m.key into lower_key from coordinator.key_mark as m
   where m.migration = p_migration and m.step = p_step and m.pass = (p_batch >> 32)::integer and m.mark = p_lo;
  select m.key into upper_key from coordinator.key_mark as m
   where m.migration = p_migration and m.step = p_step and m.pass = (p_batch >> 32)::integer and m.mark = p_hi;
  perform coordinator.require(
    upper_key is not null and (lower_key is not null or p_lo = 0), 'CO018',
    'KEY_MARKS_MISSING: the marks ' || p_lo || ' and ' || p_hi || ' of batch ' || p_migration || '/' || p_step || '/' || p_batch
      || ' are not in this target; the coordinator begins the pass again when it notices');
  -- How many rows lie between two keys of several columns the planner can't tell, and it might read the whole table for a batch.
  if cardinality(upper_key) > 1 then
    perform set_config('enable_seqscan', 'off', true), set_config('jit', 'off', true);
  end if;
end $$;

-- As apply_batch, for a statement whose bounds are keys.
create function coordinator.apply_key_batch(
  p_migration text, p_step text, p_batch bigint, p_statement text, p_lo bigint, p_hi bigint) returns bigint
language plpgsql as $$
declare
  v_lower text[];
  v_upper text[];
  v_rows bigint;
begin
  select b.lower_key, b.upper_key into v_lower, v_upper from coordinator.key_bounds(p_migration, p_step, p_batch, p_lo, p_hi) as b;
  execute p_statement using v_lower, v_upper;
  get diagnostics v_rows = row_count;
  return v_rows;
end $$;

-- The condition on the rows of "t" behind the key $1 up to the key $2; the one with the key $2 where both are the same.
create function coordinator.key_condition(p_columns text[], p_types text[]) returns text
language sql immutable parallel safe set search_path = pg_catalog, pg_temp as $$
  select format(
      '(case when $1 is null then %1$s <= %3$s when $1 = $2 then %1$s = %3$s else %1$s > %2$s and %1$s <= %3$s end)',
      'row(' || string_agg(format('t.%I', c.name), ', ' order by c.place) || ')',
      'row(' || string_agg(format('($1)[%s]::pg_catalog.%I', c.place, c.type), ', ' order by c.place) || ')',
      'row(' || string_agg(format('($2)[%s]::pg_catalog.%I', c.place, c.type), ', ' order by c.place) || ')')
    from unnest(p_columns, p_types) with ordinality as c(name, type, place)
$$;

-- As bisect_batch, by keys: a range that fails is halved at the key in its middle, down to the one row of a key. The keys are read anew
-- each time, and a row is tried alone before it is blamed: what others delete or insert meanwhile lays no failure on it.
create function coordinator.bisect_key_batch(
  p_migration text, p_step text, p_batch bigint, p_table text, p_columns text[], p_types text[], p_statement text,
  p_lo bigint, p_hi bigint, p_most integer, out applied_rows bigint, out bad_rows bigint)
language plpgsql as $$
declare
  v_from_where text := pg_catalog.format(' from %s as t where %s', p_table, coordinator.key_condition(p_columns, p_types));
  v_values text;
  v_names text;
  v_order text;
  -- Ranges still to do, the next one at the end; a bound is a JSON array, or null.
  v_from jsonb[];
  v_upto jsonb[];
  v_top integer;
  v_lower text[];
  v_upper text[];
  v_middle text[];
  v_count bigint;
  v_rows bigint;
  v_state text;
  v_message text;
  v_key text;
  v_empty integer := 0;
begin
  select pg_catalog.string_agg(pg_catalog.format('t.%I::pg_catalog.text', c.name), ', ' order by c.place),
         pg_catalog.string_agg(pg_catalog.format('%L, t.%I', c.name, c.name), ', ' order by c.place),
         pg_catalog.string_agg(pg_catalog.format('t.%I', c.name), ', ' order by c.place)
    into v_values, v_names, v_order
    from pg_catalog.unnest(p_columns) with ordinality as c(name, place);
  applied_rows := 0;
  bad_rows := 0;
  -- A constraint that is checked at the commit would fail there, where no row is to blame any more.
  set constraints all immediate;
  -- A key is the same text whatever the role's settings are; the other settings of that kind are the batch's own.
  perform pg_catalog.set_config('bytea_output', 'hex', true);
  select b.lower_key, b.upper_key into v_lower, v_upper from coordinator.key_bounds(p_migration, p_step, p_batch, p_lo, p_hi) as b;
  v_from := array[pg_catalog.to_jsonb(v_lower)];
  v_upto := array[pg_catalog.to_jsonb(v_upper)];
  while pg_catalog.cardinality(v_upto) > 0 loop
    v_top := pg_catalog.cardinality(v_upto);
    v_lower := (
      select pg_catalog.array_agg(k.value order by k.place)
        from pg_catalog.jsonb_array_elements_text(v_from[v_top]) with ordinality as k(value, place));
    v_upper := (
      select pg_catalog.array_agg(k.value order by k.place)
        from pg_catalog.jsonb_array_elements_text(v_upto[v_top]) with ordinality as k(value, place));
    v_from := v_from[1:v_top - 1];
    v_upto := v_upto[1:v_top - 1];
    begin
      execute p_statement using v_lower, v_upper;
      get diagnostics v_rows = row_count;
      applied_rows := applied_rows + v_rows;
      continue;
    exception when assert_failure or others then
      get stacked diagnostics v_state = returned_sqlstate, v_message = message_text;
      if not coordinator.is_data_error(v_state) then
        raise;
      end if;
    end;
    execute 'select pg_catalog.count(*)' || v_from_where into v_count using v_lower, v_upper;
    execute pg_catalog.format(
      'select array[%s], pg_catalog.jsonb_build_object(%s)::pg_catalog.text %s order by %s offset $3 limit 1', v_values, v_names, v_from_where, v_order)
      into v_middle, v_key using v_lower, v_upper, greatest(v_count - 1, 0) / 2;
    if v_middle is null then
      -- Somebody has deleted the row meanwhile: then the next try finds nothing to do. If it fails again, no row is at fault but the
      -- statement itself.
      v_empty := v_empty + 1;
      if v_empty > 20 then
        raise exception using errcode = v_state, message = v_message;
      end if;
      v_from := v_from || pg_catalog.to_jsonb(v_lower);
      v_upto := v_upto || pg_catalog.to_jsonb(v_upper);
    elsif v_lower is distinct from v_upper then
      if v_middle <> v_upper then
        v_from := v_from || pg_catalog.to_jsonb(v_middle);
        v_upto := v_upto || pg_catalog.to_jsonb(v_upper);
      end if;
      v_from := v_from || pg_catalog.to_jsonb(case when v_count > 1 then v_lower else v_middle end);
      v_upto := v_upto || pg_catalog.to_jsonb(v_middle);
    else
      bad_rows := bad_rows + 1;
      if bad_rows > p_most then
        raise exception using errcode = 'CO015', message = pg_catalog.format(
          'TOO_MANY_BAD_ROWS: more than %s rows of one batch can''t be filled; the last error: %s (%s)',
          p_most, v_message, v_state);
      end if;
      perform coordinator.quarantine_row(p_migration, p_step, p_table, v_key, v_state, v_message);
    end if;
  end loop;
end $$;

-- As apply_row, for the row of a key.
create function coordinator.apply_key_row(
  p_statement text, p_key text[], out applied_rows bigint, out failed_sqlstate text, out failed_message text)
language plpgsql as $$
begin
  set constraints all immediate;
  begin
    execute p_statement using p_key, p_key;
    get diagnostics applied_rows = row_count;
  exception when assert_failure or others then
    get stacked diagnostics failed_sqlstate = returned_sqlstate, failed_message = message_text;
    if not coordinator.is_data_error(failed_sqlstate) then
      raise;
    end if;
    applied_rows := 0;
  end;
end $$;

revoke all on function coordinator.key_bounds(text, text, bigint, bigint, bigint) from public;
revoke all on function coordinator.apply_key_batch(text, text, bigint, text, bigint, bigint) from public;
revoke all on function coordinator.key_condition(text[], text[]) from public;
revoke all on function coordinator.bisect_key_batch(text, text, bigint, text, text[], text[], text, bigint, bigint, integer) from public;
revoke all on function coordinator.apply_key_row(text, text[]) from public;

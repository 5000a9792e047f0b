-- The trigger of a plain rename has a condition (WHEN), so that a row that is in sync costs no call. A batch relies on the condition
-- as it does on the function: with a narrower one, writes would leave their rows out of sync unnoticed.

alter table coordinator.sync_trigger add column condition_hash text;
comment on column coordinator.sync_trigger.condition_hash is
  'What coordinator.trigger_condition said when the trigger was installed; null: it fires for every row.';

-- A hash of the condition as PostgreSQL stores it, null where there is none. Columns stand in it by name and not by number, so that it
-- is the same for the clones on partitions, and nothing in it is of the table, which may be renamed. Read from the catalogue alone:
-- pg_get_triggerdef would wait for whoever has the table locked. (A name goes in as a hash, because it may look like anything.)
create function coordinator.trigger_condition(p_trigger oid) returns text
language plpgsql stable set search_path = pg_catalog, pg_temp as $$
declare
  v_condition text;
  v_table oid;
  v_column record;
begin
  select regexp_replace(t.tgqual::text, ' :location -?[0-9]+', ' ', 'g'), t.tgrelid into v_condition, v_table
    from pg_trigger as t where t.oid = p_trigger;
  for v_column in
    select number, ' ' || md5(a.attname) || ' ' as name
      from pg_attribute as a cross join lateral (values (' ' || a.attnum || ' ')) as n (number)
     where a.attrelid = v_table and a.attnum > 0 and position(' :varattno' || number in v_condition) > 0
  loop
    v_condition := replace(v_condition, ' :varattno' || v_column.number, ' :varattno' || v_column.name);
    v_condition := replace(v_condition, ' :varattnosyn' || v_column.number, ' :varattnosyn' || v_column.name);
  end loop;
  return md5(v_condition);
end $$;

revoke all on function coordinator.trigger_condition(oid) from public;

create or replace function coordinator.trigger_problem(p_migration text, p_table text, p_trigger text) returns text
language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
  v_table oid := to_regclass(p_table);
  v_registered coordinator.sync_trigger;
  v_trigger pg_trigger;
  v_condition text;
begin
  select s.* into v_registered from coordinator.sync_trigger as s
   where s.migration = p_migration and s.trigger_name = p_trigger;
  if v_registered.migration is null then
    return format('trigger %s is not registered for migration %s', p_trigger, p_migration);
  elsif v_table is null then
    return format('table %s does not exist', p_table);
  elsif v_registered.table_oid is distinct from v_table
    and not exists (select from pg_partition_ancestors(v_table) as a where a.relid = v_registered.table_oid) then
    return format('table %s is not the one that trigger %s was installed on', p_table, p_trigger);
  end if;
  select t.* into v_trigger from pg_trigger as t where t.tgrelid = v_table and t.tgname = p_trigger;
  if v_trigger.oid is null then
    return format('trigger %s on %s is missing', p_trigger, p_table);
  elsif v_trigger.tgenabled <> 'A' then
    return format('trigger %s on %s is not ENABLE ALWAYS', p_trigger, p_table);
  -- 23: BEFORE (2) INSERT (4) OR UPDATE (16) FOR EACH ROW (1)
  elsif v_trigger.tgtype <> 23 or v_trigger.tgattr::text <> '' then
    return format('trigger %s on %s no longer fires before every INSERT and UPDATE of a row', p_trigger, p_table);
  elsif md5(pg_get_functiondef(v_trigger.tgfoid)) is distinct from v_registered.function_hash then
    return format('the function of trigger %s on %s was replaced', p_trigger, p_table);
  end if;
  v_condition := coordinator.trigger_condition(v_trigger.oid);
  if v_condition is not null and v_registered.condition_hash is null then
    return format('trigger %s on %s was given a condition (WHEN) after it was installed', p_trigger, p_table);
  elsif v_condition is null and v_registered.condition_hash is not null then
    return format('trigger %s on %s lost the condition (WHEN) that it was installed with', p_trigger, p_table);
  elsif v_condition is distinct from v_registered.condition_hash then
    return format('the condition (WHEN) of trigger %s on %s was changed after it was installed', p_trigger, p_table);
  end if;
  return null;
end $$;

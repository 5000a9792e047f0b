-- A trigger on a partitioned table is cloned to every partition. Batches run on the partitions, so each looks at its clone.
create or replace function coordinator.trigger_problem(p_migration text, p_table text, p_trigger text) returns text
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
  elsif v_trigger.tgtype <> 23 or v_trigger.tgattr::text <> '' or v_trigger.tgqual is not null then
    return format('trigger %s on %s no longer fires before every INSERT and UPDATE of a row', p_trigger, p_table);
  elsif md5(pg_get_functiondef(v_trigger.tgfoid)) is distinct from v_registered.function_hash then
    return format('the function of trigger %s on %s was replaced', p_trigger, p_table);
  end if;
  return null;
end $$;

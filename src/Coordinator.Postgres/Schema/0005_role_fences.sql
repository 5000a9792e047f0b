-- Strict mode: the roles of versions that are shut out, with what each of them lost, so that it gets exactly that back.

create table coordinator.role_fence_order (
    migration  text   primary key,
    generation bigint not null
);
comment on table coordinator.role_fence_order is
    'The newest order to raise or lift a migration''s role fences: a driver that was paused can''t undo what was ordered after it.';

create table coordinator.role_fence (
    migration   text        not null,
    role        text        not null,
    could_login boolean     not null,
    relations   oid[]       not null,
    fenced_at   timestamptz not null,
    permanent   boolean     not null default false,
    primary key (migration, role)
);
comment on table coordinator.role_fence is
    'Roles without login and without rights on the relations, because the version that uses them is shut out.';

create table coordinator.role_fence_grant (
    migration text     not null,
    role      text     not null,
    relation  oid      not null,
    attnum    smallint not null,
    privilege text     not null,
    grantable boolean  not null,
    primary key (migration, role, relation, attnum, privilege),
    foreign key (migration, role) references coordinator.role_fence on delete cascade
);
comment on column coordinator.role_fence.permanent is
    'The contract ran: no order of this migration lifts the fence any more.';
comment on table coordinator.role_fence_grant is
    'What a fenced role was granted by the relation''s owner: on the relation (attnum 0), or on one column.';

create function coordinator.order_role_fence(p_migration text, p_generation bigint) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_last bigint;
begin
  insert into coordinator.role_fence_order (migration, generation) values (p_migration, p_generation) on conflict do nothing;
  -- Locked also where nothing changes: an order that is under way must not end behind a newer one.
  select o.generation into v_last from coordinator.role_fence_order as o where o.migration = p_migration for update;
  if v_last > p_generation then
    raise exception using errcode = 'CO020',
      message = format('FENCE_SUPERSEDED: the fence of migration %s was ordered otherwise after revision %s', p_migration, p_generation);
  elsif v_last < p_generation then
    update coordinator.role_fence_order as o set generation = p_generation where o.migration = p_migration;
  end if;
end $$;

-- Takes login and rights from one role, remembering both. Repeated, it takes what came back meanwhile. Rights that somebody
-- else than the owner granted can't be taken by us: the postcondition finds them.
create function coordinator.raise_role_fence(p_migration text, p_generation bigint, p_role text, p_relations oid[]) returns void
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_role pg_roles;
  v_relation oid;
begin
  perform coordinator.order_role_fence(p_migration, p_generation);
  select r.* into v_role from pg_roles as r where r.rolname = p_role;
  if v_role.oid is null then
    return;
  end if;
  -- A role that an earlier contract closed for good and that can log in was given to another version since.
  if v_role.rolcanlogin then
    delete from coordinator.role_fence as f where f.role = p_role and f.migration <> p_migration and f.permanent;
  end if;
  insert into coordinator.role_fence as f (migration, role, could_login, relations, fenced_at)
  values (p_migration, p_role, v_role.rolcanlogin, p_relations, clock_timestamp())
  on conflict (migration, role) do update
     set could_login = f.could_login or excluded.could_login, relations = excluded.relations
   where (f.could_login or excluded.could_login, excluded.relations) is distinct from (f.could_login, f.relations);
  insert into coordinator.role_fence_grant as g (migration, role, relation, attnum, privilege, grantable)
  select p_migration, p_role, held.relation, held.attnum, held.privilege, held.grantable
    from (select c.oid as relation, 0::smallint as attnum, a.privilege_type as privilege, a.is_grantable as grantable
            from pg_class as c cross join lateral aclexplode(c.relacl) as a
           where c.oid = any (p_relations) and a.grantee = v_role.oid and a.grantor = c.relowner
          union all
          select c.oid, t.attnum, a.privilege_type, a.is_grantable
            from pg_class as c join pg_attribute as t on t.attrelid = c.oid and t.attnum > 0 and not t.attisdropped
           cross join lateral aclexplode(t.attacl) as a
           where c.oid = any (p_relations) and a.grantee = v_role.oid and a.grantor = c.relowner) as held
      on conflict (migration, role, relation, attnum, privilege) do update
     set grantable = g.grantable or excluded.grantable
   where excluded.grantable and not g.grantable;
  for v_relation in
    select c.oid from pg_class as c
     where c.oid = any (p_relations)
       and (exists (select from aclexplode(c.relacl) as a where a.grantee = v_role.oid and a.grantor = c.relowner)
            or exists (select from pg_attribute as t cross join lateral aclexplode(t.attacl) as a
                        where t.attrelid = c.oid and t.attnum > 0 and a.grantee = v_role.oid and a.grantor = c.relowner))
     order by c.oid
  loop
    execute format('revoke all privileges on table %s from %I', v_relation::regclass, p_role);
  end loop;
  if v_role.rolcanlogin then
    execute format('alter role %I nologin', p_role);
  end if;
end $$;

-- Gives every role of the migration back what it lost, except what another migration's fence holds too: that one inherits it.
create function coordinator.lift_role_fences(p_migration text, p_generation bigint) returns int
language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
  v_fence coordinator.role_fence;
  v_grant coordinator.role_fence_grant;
  v_heir text;
  v_column name;
  v_lifted int := 0;
begin
  perform coordinator.order_role_fence(p_migration, p_generation);
  for v_fence in select f.* from coordinator.role_fence as f where f.migration = p_migration order by f.role for update
  loop
    if exists (select from pg_roles as r where r.rolname = v_fence.role) then
      for v_grant in
        select g.* from coordinator.role_fence_grant as g
         where g.migration = p_migration and g.role = v_fence.role order by g.relation, g.attnum, g.privilege
      loop
        select f.migration into v_heir from coordinator.role_fence as f
         where f.role = v_fence.role and f.migration <> p_migration and v_grant.relation = any (f.relations)
         order by f.migration limit 1;
        if v_heir is not null then
          insert into coordinator.role_fence_grant as g (migration, role, relation, attnum, privilege, grantable)
          values (v_heir, v_grant.role, v_grant.relation, v_grant.attnum, v_grant.privilege, v_grant.grantable)
          on conflict (migration, role, relation, attnum, privilege) do update set grantable = g.grantable or excluded.grantable;
          continue;
        end if;
        select t.attname into v_column from pg_attribute as t
         where t.attrelid = v_grant.relation and t.attnum = v_grant.attnum and v_grant.attnum > 0 and not t.attisdropped;
        -- A relation or column that is gone meanwhile has no rights to give.
        if exists (select from pg_class as c where c.oid = v_grant.relation) and (v_grant.attnum = 0 or v_column is not null) then
          execute format('grant %s%s on table %s to %I%s', v_grant.privilege,
            case when v_grant.attnum = 0 then '' else format(' (%I)', v_column) end,
            v_grant.relation::regclass, v_fence.role, case when v_grant.grantable then ' with grant option' else '' end);
        end if;
      end loop;
      if v_fence.could_login then
        select f.migration into v_heir from coordinator.role_fence as f
         where f.role = v_fence.role and f.migration <> p_migration order by f.migration limit 1;
        if v_heir is not null then
          update coordinator.role_fence as f set could_login = true where f.migration = v_heir and f.role = v_fence.role;
        else
          execute format('alter role %I login', v_fence.role);
        end if;
      end if;
    end if;
    delete from coordinator.role_fence as f where f.migration = p_migration and f.role = v_fence.role;
    v_lifted := v_lifted + 1;
  end loop;
  return v_lifted;
end $$;

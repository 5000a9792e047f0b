-- What every target has. Run by coordinator's own role, which owns the schema; nobody else gets more than is granted here.

create table coordinator.applied_step (
    migration  text        not null,
    step       text        not null,
    xid        xid8        not null,
    applied_at timestamptz not null,
    detail     jsonb       not null default '{}',
    primary key (migration, step)
);
comment on table coordinator.applied_step is
    'Steps that committed: each row was written in the transaction of its step, so it tells what a crash left unknown.';

create table coordinator.admission (
    application text   primary key,
    min_version bigint not null default 0,
    max_version bigint,
    check (max_version is null or max_version >= min_version)
);
comment on table coordinator.admission is
    'Schema versions of an application that may use this database now; max_version null = no upper bound. Readable by everybody.';

create table coordinator.sync_trigger (
    migration     text not null,
    step          text not null,
    table_oid     oid  not null,
    trigger_name  text not null,
    function_name text not null,
    function_hash text not null,
    primary key (migration, trigger_name)
);
comment on table coordinator.sync_trigger is
    'Sync triggers in force, with the hash of the function they were created with.';

-- A guard inside a pipelined transaction raises; a guard that returned false would let the statements behind it run.
create function coordinator.require(condition boolean, sqlstate text, reason text) returns void
language plpgsql
set search_path = pg_catalog, pg_temp
as $$
begin
    if condition is not true then
        raise exception using errcode = sqlstate, message = reason;
    end if;
end
$$;

-- An operator's own statement: PostgreSQL refuses transaction control in here. The only function without a search_path
-- of its own, because the statement must find what the operator would find; it runs with nothing but the caller's rights.
create function coordinator.run_statement(statement text) returns bigint
language plpgsql
as $$
declare
    affected bigint;
begin
    execute statement;
    get diagnostics affected = row_count;
    return affected;
end
$$;

grant usage on schema coordinator to public;
grant select on coordinator.admission to public;

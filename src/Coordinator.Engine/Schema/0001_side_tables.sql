-- Coordinator's own tables beside the event log. Leases, heartbeats and progress are rows, never events.
-- Every time that decides anything is this database's clock.

-- Who we are towards targets: a fence row in a target names the coordination database that owns it.
create table coordinator.identity (
    singleton boolean primary key default true check (singleton),
    id        uuid not null default gen_random_uuid()
);
insert into coordinator.identity default values;

create table coordinator.application (
    name             text primary key,
    floor            bigint not null default 0,
    ceiling          bigint,                     -- the first version that is refused; null: none is
    population_kind  smallint,                   -- 0 count, 1 observed, 2 none; null: nobody said
    population_count integer
);

-- What each open migration asks of an application; application.floor and .ceiling are the sum of it.
create table coordinator.application_limit (
    application text not null,
    migration   text not null,
    floor       bigint not null default 0,
    permanent   boolean not null default false,
    ceiling     bigint,
    primary key (application, migration)
);

-- Renewals rewrite last_seen_at and expires_at only: room on the page and no index on them keep that update cheap.
create table coordinator.instance (
    application   text not null,
    instance      text not null,
    version       bigint not null,
    app_version   text not null default '',
    state         smallint not null default 0,   -- 0 live (or suspected, by expires_at), 1 left, 2 attested gone
    registered_at timestamptz not null default clock_timestamp(),
    last_seen_at  timestamptz not null default clock_timestamp(),
    expires_at    timestamptz not null,
    ended_at      timestamptz,
    primary key (application, instance)
) with (fillfactor = 50);

create table coordinator.migration (
    name          text primary key,
    target        text not null,
    status        smallint not null,
    resume_status smallint not null,             -- where a pause goes back to
    revision      bigint not null,
    created_at    timestamptz not null,
    updated_at    timestamptz not null,
    ended_at      timestamptz
);

-- What a driver does or waits for right now: written by the replica that drives, read by all. Not an event.
create table coordinator.migration_activity (
    name     text primary key,
    activity text not null,
    since    timestamptz not null default clock_timestamp()
);

create table coordinator.backfill (
    migration         text not null,
    shard             text not null,
    step              text not null,
    target            text not null,
    state             smallint not null,         -- 0 running, 1 paused, 2 finished
    statement         text not null,
    trigger_table     text not null default '',
    trigger_name      text not null default '',
    batch_blocks      bigint not null,
    total_blocks      bigint not null,
    pass              integer not null default 1,
    file_node         bigint not null,           -- pg_relation_filenode at the start of the pass
    generation        bigint not null,
    system_identifier bigint not null,
    timeline          text not null,
    primary key (migration, shard, step)
);

create table coordinator.backfill_range (
    migration  text not null,
    shard      text not null,
    step       text not null,
    range      integer not null,
    next_block bigint not null,                  -- batches are carved off the front
    end_block  bigint not null,
    primary key (migration, shard, step, range)
);

-- One row per carved batch. batch = pass * 2^32 + first_block.
create table coordinator.backfill_batch (
    migration   text not null,
    shard       text not null,
    step        text not null,
    batch       bigint not null,
    first_block bigint not null,
    end_block   bigint not null,
    epoch       bigint not null,
    lease_id    uuid not null,
    holder      text not null,
    request_id  uuid not null,
    state       smallint not null default 0,     -- 0 leased, 1 done
    granted_at  timestamptz not null default clock_timestamp(),
    expires_at  timestamptz not null,
    row_count   bigint,
    takeovers   integer not null default 0,
    failures    integer not null default 0,
    last_failure text,
    primary key (migration, shard, step, batch)
) with (fillfactor = 70);

create index backfill_batch_open on coordinator.backfill_batch (migration, shard, step, expires_at) where state = 0;
create index backfill_batch_request on coordinator.backfill_batch (request_id);

-- The first outcome of every command, for repeats of the same request.
create table coordinator.request (
    request_id   uuid primary key,
    command_hash bytea not null,
    result       jsonb not null,
    created_at   timestamptz not null default now()
);

-- The last moment at which some replica was known to be running; a gap in it is not counted against any lease.
create table coordinator.service_tick (
    singleton boolean primary key default true check (singleton),
    ticked_at timestamptz not null
);

-- Guards inside a pipelined message have to raise: a pipeline does not branch.
create function coordinator.require_command(condition boolean, state text, reason text) returns void
language plpgsql as $$
begin
    if condition is not true then
        raise exception using errcode = state, message = reason;
    end if;
end
$$;

-- How fast a backfill goes: what it may take, and what it took.

-- What the next grants look like, per backfill and shard. Written by the one driver and by 'tune'; read by every grant. A row
-- of its own, because reports hold the backfill's row locked against changes.
create table coordinator.backfill_pace (
    migration     text not null,
    shard         text not null,
    step          text not null,
    batch_blocks  bigint not null,               -- blocks of the next batches
    parallelism   integer not null default 2147483647,   -- how many batches may run at once
    fresh_until   timestamptz not null default 'infinity', -- nothing is granted after it: the driver has not looked for too long
    not_before    timestamptz,                   -- nothing is granted before it; null: now
    -- what an operator set; null: nothing
    max_wait      interval,
    max_parallel  integer,
    batch_rows    integer,
    pause_between interval,
    quiet_hours   text,
    check_sql     text,
    -- the decision in force, for people
    move          text not null default '',
    signal        text not null default '',
    reading       double precision,
    threshold     double precision,
    message       text not null default '',
    since         timestamptz not null default clock_timestamp(),
    signals       jsonb not null default '[]',
    primary key (migration, shard, step)
) with (fillfactor = 50);

-- The sums of a pass. Only the driver writes them, from the samples.
create table coordinator.backfill_total (
    migration  text not null,
    shard      text not null,
    step       text not null,
    blocks     bigint not null default 0,
    rows       bigint not null default 0,
    batches    bigint not null default 0,
    takeovers  bigint not null default 0,
    active     interval not null default interval '0',  -- the time in which a driver looked on
    row_rate   double precision,                 -- per second, over the last seconds; null: not known
    block_rate double precision,
    summed_at  timestamptz not null default clock_timestamp(),
    primary key (migration, shard, step)
) with (fillfactor = 50);

-- What reports add to the sums: one row per report and backfill, in the report's own transaction, so that no report waits for
-- another at a counter. The driver moves them into the totals; until then both together are the truth.
create table coordinator.backfill_sample (
    migration      text not null,
    shard          text not null,
    step           text not null,
    blocks         bigint not null default 0,
    rows           bigint not null default 0,
    batches        bigint not null default 0,
    takeovers      bigint not null default 0,
    timed_blocks   bigint not null default 0,    -- blocks of the batches whose time in the target is known
    busy_ms        double precision not null default 0,
    slowest_ms     double precision,
    slowest_blocks bigint
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);

create index backfill_sample_of on coordinator.backfill_sample (migration, shard, step);

-- How many batches the holder of a lease runs at once: the leases beyond that are its prefetch.
alter table coordinator.backfill_batch add column parallelism integer not null default 100;

-- The server behind targets, locked while a grant counts what runs there.
create table coordinator.target_server (
    system_identifier bigint primary key
);

-- Backfills that an older version opened.
insert into coordinator.backfill_pace (migration, shard, step, batch_blocks)
select migration, shard, step, batch_blocks from coordinator.backfill;

insert into coordinator.backfill_total (migration, shard, step, blocks, rows, batches, takeovers)
select f.migration, f.shard, f.step, coalesce(sum(b.end_block - b.first_block) filter (where b.state = 1), 0),
    coalesce(sum(b.row_count) filter (where b.state = 1), 0), count(b.batch) filter (where b.state = 1), coalesce(sum(b.takeovers), 0)
from coordinator.backfill f left join coordinator.backfill_batch b
    on b.migration = f.migration and b.shard = f.shard and b.step = f.step and b.batch >= f.pass::bigint << 32
group by f.migration, f.shard, f.step;

insert into coordinator.target_server select distinct system_identifier from coordinator.backfill;

-- What verifications found, and how far the one is that runs: one row per verify step of a migration, for all shards together.
-- Written by whoever verifies; read by the gate, by the contract, and by everybody who wants to know.
create table coordinator.verification (
    migration    text not null,
    step         text not null,
    table_name   text not null,
    -- the pass that was begun last
    run          uuid not null,
    state        smallint not null,              -- 0 running, 1 nothing differs, 2 rows differ, 3 broken off
    done_blocks  bigint not null default 0,
    total_blocks bigint not null default 0,
    differences  bigint not null default 0,      -- so far
    held         text not null default '',       -- what the load makes it wait for
    started_at   timestamptz not null default clock_timestamp(),
    -- the pass that came to its end last
    found        bigint,                         -- the rows that differ; null: none has come to its end yet
    examples     text not null default '',
    finished_at  timestamptz,
    took         interval,
    guarded      boolean not null default false, -- the trigger kept every write in sync while it ran
    evidence     jsonb,                          -- what the table and the trigger were like on each shard
    primary key (migration, step)
) with (fillfactor = 50);

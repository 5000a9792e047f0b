-- A range belongs to a pass: one that begins again replaces the ranges of the one before.
alter table coordinator.backfill_range add column pass integer not null default 1;

-- Few batches are open at a time; and a renewal, which changes expires_at only, may not touch an index.
drop index coordinator.backfill_batch_open;
create index backfill_batch_open on coordinator.backfill_batch (migration, shard, step) where state = 0;

comment on column coordinator.backfill_batch.holder is 'The worker; empty after a release.';

-- The versions that registered and have not drained since. The first registration of one is an event, all others are
-- rows: this is where a registration sees which of the two it is.
create table coordinator.application_version (
    application text not null,
    version     bigint not null,
    primary key (application, version)
);

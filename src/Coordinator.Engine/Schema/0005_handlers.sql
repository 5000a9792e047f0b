-- Workers may bring their own code for a backfill's batches; only those that have it are given them.
alter table coordinator.backfill add column handler text not null default ''; -- '': the statement runs

-- When somebody with the handler last asked for work, so that a backfill which nobody can run says so. A hint for
-- people, coarse on purpose: rewritten every few seconds at most.
create table coordinator.handler_offer (
    target    text not null,
    handler   text not null,
    migration text not null,                     -- '' for workers that take any
    asked_at  timestamptz not null default clock_timestamp(),
    primary key (target, handler, migration)
);

-- When a batch last found no space in the target, and what the target said. Nothing is granted for a while then.
alter table coordinator.backfill_pace
    add column disk_full_at timestamptz,         -- null: not since the backfill was opened or resumed
    add column disk_full    text not null default '';

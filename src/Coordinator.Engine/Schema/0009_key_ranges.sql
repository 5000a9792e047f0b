-- The key by which a backfill's rows are handed out; none: by the table's blocks. With a key, block n of a pass is what lies between the
-- marks n and n + 1 in the target's coordinator.key_mark.
alter table coordinator.backfill
    add column key_columns text[] not null default '{}',
    add column key_types   text[] not null default '{}';

-- Rows that can't be filled are put into quarantine by their keys: the worker must know whose rows they are.
alter table coordinator.backfill add column filled_table text not null default '';   -- qualified and quoted

-- How often the batch failed in a way that waiting does not cure; a resume begins to count anew.
alter table coordinator.backfill_batch add column hard_failures integer not null default 0;

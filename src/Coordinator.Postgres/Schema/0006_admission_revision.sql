-- Several replicas keep the intervals in step; the revision keeps a slow one from writing what is outdated.
alter table coordinator.admission add column revision bigint not null default 0;
comment on column coordinator.admission.revision is
    'The application''s version in Coordinator''s event log when the interval was read; a lower one never replaces a higher.';

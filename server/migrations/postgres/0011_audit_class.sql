-- How long an event is kept follows from its class. Events of earlier versions have none: their table becomes a partition
-- as it is (0013), and for that PostgreSQL must know that all of its rows are alike. Both statements take an instant.
alter table audit_events add column class text not null default 'legacy';
alter table audit_events add constraint audit_events_legacy check (class = 'legacy') not valid;

-- The clean-up deletes events of earlier versions by their kinds.
create index concurrently if not exists audit_events_legacy_kind on audit_events (kind, at);
-- Reads every row, while others read and write.
alter table audit_events validate constraint audit_events_legacy;

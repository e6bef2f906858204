-- A mail that is refused permanently a few times is given up (failed_at); the last error tells operators why.
alter table outbox add column refusals integer not null default 0;
alter table outbox add column last_error text;
-- Until then only one process may send the mail; null when none is sending it.
alter table outbox add column leased_until text;
-- When an operator asked to send it again; the time after which it is given up counts from then.
alter table outbox add column retried_at text;
create index outbox_created_at on outbox (created_at);
-- Operators read the audit by time, by user and by session.
create index audit_events_at on audit_events (at);
create index audit_events_session_id on audit_events (session_id);

-- A mail that is refused for good a few times is parked (failed_at); what the mail server said last helps whoever looks.
alter table outbox add column refusals integer not null default 0;
alter table outbox add column last_error text;
-- Until then the mail is one process's alone; null when nobody is sending it.
alter table outbox add column leased_until timestamptz;
-- Somebody asked for it by hand: patience counts from then.
alter table outbox add column retried_at timestamptz;
create index outbox_created_at on outbox (created_at);
-- Who runs the server reads the audit by time, by person and by session.
create index audit_events_at on audit_events (at);
create index audit_events_session_id on audit_events (session_id);

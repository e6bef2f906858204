-- A keyed digest of the address that a user gave up, by deletion or for another one: the audit finds the user by it.
alter table audit_events add column email_digest text;
create index audit_events_email_digest on audit_events (email_digest) where email_digest is not null;

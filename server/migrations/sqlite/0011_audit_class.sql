-- How long an event is kept follows from its class.
alter table audit_events add column class text not null default 'normal' check (class in ('short', 'normal', 'long'));
update audit_events set class = 'short'
where kind in ('login_failed', 'limit_reached', 'service_key_refused', 'cross_site_refused');
update audit_events set class = 'long'
where kind in ('user_registered', 'user_imported', 'user_updated', 'users_exported', 'user_deleted', 'user_disabled',
  'user_enabled', 'role_changed', 'claims_changed', 'password_changed', 'password_reset', 'password_reset_sent',
  'email_verified', 'email_change_requested', 'email_changed', 'email_undone', 'disowned', 'limits_forgiven',
  'mail_retried', 'mail_dropped', 'signing_key_added', 'signing_key_rotated', 'signing_key_retired');
-- The clean-up deletes the oldest events of a class.
create index audit_events_class on audit_events (class, at);

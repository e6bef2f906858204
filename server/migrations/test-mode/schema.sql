-- Written by npm run test-schema.
CREATE TABLE migrations (name text primary key, applied_at text not null) strict;
CREATE TABLE users (
  id integer primary key autoincrement,
  guid text not null unique,
  email text not null unique, -- in its canonical form
  password_digest text, -- null if the user is known only by GUID
  first_name text,
  last_name text,
  locale text not null default 'en',
  disabled_at text,
  created_at text not null,
  updated_at text not null
, seeded_as text check (seeded_as = 'demo'), email_verified_at text, first_login_at text, last_login_at text, claims text not null default '{}', role text not null default 'user', token_version integer not null default 0) strict;
CREATE TABLE sessions (
  id text primary key, -- version 7
  user_id integer not null references users on delete cascade,
  kind text not null check (kind in ('login', 'pair')),
  rotation text not null check (rotation in ('adaptive', 'strict')),
  ip text not null,
  user_agent text,
  auth_time text not null,
  amr text not null,
  created_at text not null,
  refreshed_at text,
  expires_at text not null, -- the absolute end, never moved
  revoked_at text,
  revoke_reason text
, token_carrier text check (token_carrier in ('body', 'cookie')), device_digest text, network text, claims text not null default '{}', epoch integer not null default 0) strict;
CREATE INDEX sessions_expires_at on sessions (expires_at);
CREATE TABLE refresh_tokens (
  id integer primary key autoincrement,
  session_id text not null references sessions on delete cascade,
  user_id integer not null references users on delete cascade,
  token text not null unique, -- the public selector; never the secret
  generation integer not null check (generation >= 0),
  token_digest text not null,
  salt text, -- null in generation 0, whose secret is random, not derived
  jti text not null, -- of the access token issued with it
  ip text not null,
  used_at text,
  attempt_digest text check ((used_at is null) = (attempt_digest is null)),
  expires_at text not null,
  created_at text not null,
  updated_at text not null, key_digest text,
  unique (session_id, generation)
) strict;
CREATE INDEX refresh_tokens_user_id on refresh_tokens (user_id);
CREATE TABLE audit_events (
  id integer primary key autoincrement,
  at text not null,
  kind text not null,
  user_id integer,
  session_id text,
  ip text,
  user_agent text,
  details text not null
, email_digest text, class text not null default 'normal' check (class in ('short', 'normal', 'long'))) strict;
CREATE INDEX audit_events_user_id on audit_events (user_id, at);
CREATE TABLE rate_limits (
  key text primary key,
  points integer not null,
  expires_at text not null
) strict;
CREATE INDEX rate_limits_expires_at on rate_limits (expires_at);
CREATE INDEX audit_events_at on audit_events (at);
CREATE INDEX audit_events_session_id on audit_events (session_id);
CREATE TABLE installation (
  name text primary key,
  value text not null
) strict;
CREATE TABLE written_mails (
  id integer primary key autoincrement,
  mailbox_digest text not null,
  kind text not null,
  created_at text not null
) strict;
CREATE INDEX written_mails_mailbox_digest on written_mails (mailbox_digest, kind, created_at);
CREATE INDEX written_mails_created_at on written_mails (created_at);
CREATE INDEX sessions_active on sessions (user_id, revoked_at);
CREATE TABLE one_time_tokens (
  id text primary key, -- drawn
  purpose text not null,
  user_id integer references users on delete cascade, -- null until the address is looked up, and for one without an account
  recipient text not null, -- the address that the mail is sent to
  salt text not null,
  holder_digest text unique, -- of the `login_token` that the client began with
  data text not null,
  attempts_left integer not null check (attempts_left >= 0),
  prepared_at text, -- null until its mail is written
  expires_at text not null,
  used_at text,
  created_at text not null
) strict;
CREATE INDEX one_time_tokens_user_id on one_time_tokens (user_id, purpose);
CREATE INDEX one_time_tokens_unprepared on one_time_tokens (created_at) where prepared_at is null;
CREATE INDEX one_time_tokens_expires_at on one_time_tokens (expires_at);
CREATE TABLE address_holds (
  email text primary key,
  user_id integer not null references users on delete cascade,
  expires_at text not null
) strict;
CREATE INDEX address_holds_user_id on address_holds (user_id);
CREATE INDEX address_holds_expires_at on address_holds (expires_at);
CREATE TABLE "outbox" (
  id integer primary key autoincrement,
  user_id integer references users on delete cascade,
  kind text not null,
  data text not null,
  dedupe_key text not null unique,
  attempts integer not null default 0,
  next_attempt_at text not null,
  sent_at text,
  failed_at text,
  created_at text not null,
  refusals integer not null default 0,
  last_error text,
  leased_until text,
  retried_at text,
  recipient text, -- null in mails from before
  locale text, -- null for the user's
  token_id text, -- the row of `one_time_tokens` whose link or code the mail carries
  urgency integer not null default 0 -- a lower number is sent first
) strict;
CREATE INDEX outbox_due on outbox (next_attempt_at) where sent_at is null and failed_at is null;
CREATE INDEX outbox_user_id on outbox (user_id, kind, created_at);
CREATE INDEX outbox_created_at on outbox (created_at);
CREATE INDEX outbox_token_id on outbox (token_id) where token_id is not null;
CREATE TABLE signing_keys (
  kid text primary key, -- the thumbprint of the public half (RFC 7638)
  algorithm text not null check (algorithm in ('ES256', 'EdDSA', 'RS256')),
  sequence integer not null,
  public_jwk text not null,
  private_key text not null, -- sealed: the database alone cannot sign
  sealed_by text not null, -- the id of the key that opens it
  signs_from text, -- null until its algorithm begins, or an operator rotates
  retired_at text,
  refused_at text, -- no token of it is accepted from then on
  created_at text not null,
  unique (algorithm, sequence) -- of replicas that make the next key at once, one does
) strict;
CREATE TABLE signing_kinds (
  kind text primary key check (kind in ('HS256', 'ES256', 'EdDSA', 'RS256', 'file')),
  ended_at text
) strict;
CREATE INDEX audit_events_email_digest on audit_events (email_digest) where email_digest is not null;
CREATE TABLE endings (
  id integer primary key autoincrement,
  hash text not null, -- of the session or the user; of a key, its kid; of an epoch, the least id of a session after it
  at text not null,
  kind text not null check (kind in ('session', 'subject', 'key', 'epoch')),
  version integer not null -- of a subject: its tokens below this one are void
) strict;
CREATE INDEX endings_at on endings (at);
CREATE INDEX outbox_failed on outbox (failed_at) where failed_at is not null;
CREATE INDEX audit_events_class on audit_events (class, at);
insert into "migrations" values ('0001_core.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0002_operation.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0003_security.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0004_account.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0005_keys.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0006_audited_addresses.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0007_claims.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0008_endings.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0009_session_epoch.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0010_failed_mails.sql', '1970-01-01T00:00:00.000Z');
insert into "migrations" values ('0011_audit_class.sql', '1970-01-01T00:00:00.000Z');
insert into "installation" values ('session_epoch', '0');

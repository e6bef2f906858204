-- When the user's address was proven; null until then.
alter table users add column email_verified_at text;
-- Null for a user who has not signed in yet: their first login is no surprise.
alter table users add column first_login_at text;
alter table users add column last_login_at text;

-- Finds the active sessions of a user among all that are stored.
create index sessions_active on sessions (user_id, revoked_at);
drop index sessions_user_id;
-- The network of `ip`: a later login from it is no surprise; null for sessions from before.
alter table sessions add column network text;

-- Each row stands for a link or a code in a mail, whose secrets are derived from it under a key that is not stored here.
create table one_time_tokens (
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
create index one_time_tokens_user_id on one_time_tokens (user_id, purpose);
create index one_time_tokens_unprepared on one_time_tokens (created_at) where prepared_at is null;
create index one_time_tokens_expires_at on one_time_tokens (expires_at);

-- Addresses that users have left and may still take back: no other user gets them until then.
create table address_holds (
  email text primary key,
  user_id integer not null references users on delete cascade,
  expires_at text not null
) strict;
create index address_holds_user_id on address_holds (user_id);
create index address_holds_expires_at on address_holds (expires_at);

-- A mail may be for an address without an account, and is sent to the address that was the user's when it was written.
create table new_outbox (
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
insert into new_outbox (id, user_id, kind, data, dedupe_key, attempts, next_attempt_at, sent_at, failed_at, created_at,
  refusals, last_error, leased_until, retried_at)
select id, user_id, kind, data, dedupe_key, attempts, next_attempt_at, sent_at, failed_at, created_at,
  refusals, last_error, leased_until, retried_at from outbox;
-- The next mail must not get the number of one that was deleted.
update sqlite_sequence set seq = (select seq from sqlite_sequence where name = 'outbox')
where name = 'new_outbox' and exists (select 1 from sqlite_sequence where name = 'outbox');
insert into sqlite_sequence (name, seq) select 'new_outbox', seq from sqlite_sequence
where name = 'outbox' and not exists (select 1 from sqlite_sequence where name = 'new_outbox');
drop table outbox;
alter table new_outbox rename to outbox;
create index outbox_due on outbox (next_attempt_at) where sent_at is null and failed_at is null;
create index outbox_user_id on outbox (user_id, kind, created_at);
create index outbox_created_at on outbox (created_at);
create index outbox_token_id on outbox (token_id) where token_id is not null;

-- When the user's address was proven; null until then.
alter table users add column email_verified_at timestamptz;
-- Null for a user who has not signed in yet: their first login is no surprise.
alter table users add column first_login_at timestamptz;
alter table users add column last_login_at timestamptz;

-- Finds the active sessions of a user among all that are stored.
create index sessions_active on sessions (user_id, revoked_at);
drop index sessions_user_id;
-- The network of `ip`: a later login from it is no surprise; null for sessions from before.
alter table sessions add column network text;

-- Each row stands for a link or a code in a mail, whose secrets are derived from it under a key that is not stored here.
create table one_time_tokens (
  id uuid primary key, -- drawn
  purpose text not null,
  user_id bigint references users on delete cascade, -- null until the address is looked up, and for one without an account
  recipient text not null, -- the address that the mail is sent to
  salt text not null,
  holder_digest text unique, -- of the `login_token` that the client began with
  data jsonb not null,
  attempts_left integer not null check (attempts_left >= 0),
  prepared_at timestamptz, -- null until its mail is written
  expires_at timestamptz not null,
  used_at timestamptz,
  created_at timestamptz not null
);
create index one_time_tokens_user_id on one_time_tokens (user_id, purpose);
create index one_time_tokens_unprepared on one_time_tokens (created_at) where prepared_at is null;
create index one_time_tokens_expires_at on one_time_tokens (expires_at);

-- Addresses that users have left and may still take back: no other user gets them until then.
create table address_holds (
  email text primary key,
  user_id bigint not null references users on delete cascade,
  expires_at timestamptz not null
);
create index address_holds_user_id on address_holds (user_id);
create index address_holds_expires_at on address_holds (expires_at);

-- A mail may be for an address without an account, and is sent to the address that was the user's when it was written.
alter table outbox alter column user_id drop not null;
alter table outbox add column recipient text; -- null in mails from before
alter table outbox add column locale text; -- null for the user's
alter table outbox add column token_id uuid; -- the row of `one_time_tokens` whose link or code the mail carries
alter table outbox add column urgency integer not null default 0; -- a lower number is sent first
create index outbox_token_id on outbox (token_id) where token_id is not null;

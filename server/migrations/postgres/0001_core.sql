create table users (
  id bigint generated always as identity primary key,
  guid uuid not null unique,
  email text not null unique, -- in its canonical form
  password_digest text, -- null if the user is known only by GUID
  first_name text,
  last_name text,
  role text not null default 'user' check (role in ('user', 'admin')),
  locale text not null default 'en',
  disabled_at timestamptz,
  created_at timestamptz not null,
  updated_at timestamptz not null
);

-- This row alone tells whether a session, with all its tokens, has ended.
create table sessions (
  id uuid primary key, -- version 7
  user_id bigint not null references users on delete cascade,
  kind text not null check (kind in ('login', 'pair')),
  rotation text not null check (rotation in ('adaptive', 'strict')),
  ip text not null,
  user_agent text,
  auth_time timestamptz not null,
  amr text not null,
  created_at timestamptz not null,
  refreshed_at timestamptz,
  expires_at timestamptz not null, -- the absolute end, never moved
  revoked_at timestamptz,
  revoke_reason text
);
create index sessions_user_id on sessions (user_id);
create index sessions_expires_at on sessions (expires_at);

-- At most two rows per active session: the newest token and the one before it.
create table refresh_tokens (
  id bigint generated always as identity primary key,
  session_id uuid not null references sessions on delete cascade,
  user_id bigint not null references users on delete cascade,
  token text not null unique, -- the public selector; never the secret
  generation integer not null check (generation >= 0),
  token_digest text not null,
  salt text, -- null in generation 0, whose secret is random, not derived
  jti uuid not null, -- of the access token issued with it
  ip text not null,
  used_at timestamptz,
  attempt_digest text check ((used_at is null) = (attempt_digest is null)),
  expires_at timestamptz not null,
  created_at timestamptz not null,
  updated_at timestamptz not null,
  unique (session_id, generation)
);
create index refresh_tokens_user_id on refresh_tokens (user_id);

create table outbox (
  id bigint generated always as identity primary key,
  user_id bigint not null references users on delete cascade,
  kind text not null,
  data jsonb not null,
  dedupe_key text not null unique,
  attempts integer not null default 0,
  next_attempt_at timestamptz not null,
  sent_at timestamptz,
  failed_at timestamptz,
  created_at timestamptz not null
);
create index outbox_due on outbox (next_attempt_at) where sent_at is null and failed_at is null;
create index outbox_user_id on outbox (user_id, kind, created_at);

-- No foreign keys: an event survives the user it is about.
create table audit_events (
  id bigint generated always as identity primary key,
  at timestamptz not null,
  kind text not null,
  user_id bigint,
  session_id uuid,
  ip text,
  user_agent text,
  details jsonb not null
);
create index audit_events_user_id on audit_events (user_id, at);

create table rate_limits (
  key text primary key,
  points integer not null,
  expires_at timestamptz not null
);
create index rate_limits_expires_at on rate_limits (expires_at);

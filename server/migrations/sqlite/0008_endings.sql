-- The list of what has ended, for services that verify access tokens themselves: each ending in the transaction that made it, kept
-- as long as a token of it could live.
create table endings (
  id integer primary key autoincrement,
  hash text not null, -- of the session or the user; of a key, its kid; of an epoch, the least id of a session after it
  at text not null,
  kind text not null check (kind in ('session', 'subject', 'key', 'epoch')),
  version integer not null -- of a subject: its tokens below this one are void
) strict;
create index endings_at on endings (at);
-- Counts what makes the tokens of a user void: a new role, other claims, or a disabled user.
alter table users add column token_version integer not null default 0;

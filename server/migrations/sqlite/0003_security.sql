-- A key that was sent for two generations in a row and is therefore not honoured: the next generation must know it, too.
alter table refresh_tokens add column key_digest text;
-- How the refresh token travels; null for sessions from before, whose tokens may travel either way.
alter table sessions add column token_carrier text check (token_carrier in ('body', 'cookie'));
-- Facts about this database, one row each.
create table installation (
  name text primary key,
  value text not null
) strict;
-- Whether a development server seeded the user, whose password is public: such a user never signs in in production.
alter table users add column seeded_as text check (seeded_as = 'demo');
update users set seeded_as = 'demo'
where (guid = '7e55e4a0-0000-4000-8000-000000000001' and email = 'admin@example.com')
  or (guid = '123e4567-e89b-12d3-a456-426614174000' and email = 'john.doe@email.com');
-- When mails were written to an address, for its hourly limit: unlike `outbox`, this outlives the account.
create table written_mails (
  id integer primary key autoincrement,
  mailbox_digest text not null,
  kind text not null,
  created_at text not null
) strict;
create index written_mails_mailbox_digest on written_mails (mailbox_digest, kind, created_at);
create index written_mails_created_at on written_mails (created_at);
-- The device of a login: a later login of the same device is spared the limits that strangers have used up.
alter table sessions add column device_digest text;

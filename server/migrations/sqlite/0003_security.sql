-- A key that was sent for two generations in a row and is therefore not honoured: the next generation must know it, too.
alter table refresh_tokens add column key_digest text;
-- How the refresh token travels; null for sessions from before, whose tokens may travel either way.
alter table sessions add column token_carrier text check (token_carrier in ('body', 'cookie'));
-- Facts about this database, one row each.
create table installation (
  name text primary key,
  value text not null
) strict;

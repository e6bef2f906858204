-- Claims that operators and services add to the access tokens of a user, and of one login: a JSON object.
alter table users add column claims jsonb not null default '{}';
alter table sessions add column claims jsonb not null default '{}';

-- The setting ROLES says which roles there are.
alter table users drop constraint users_role_check;

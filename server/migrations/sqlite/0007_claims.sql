-- Claims that operators and services add to the access tokens of a user, and of one login: a JSON object.
alter table users add column claims text not null default '{}';
alter table sessions add column claims text not null default '{}';

-- The setting ROLES says which roles there are. SQLite takes a check away only with its column.
alter table users add column any_role text not null default 'user';
update users set any_role = role;
alter table users drop column role;
alter table users rename column any_role to role;

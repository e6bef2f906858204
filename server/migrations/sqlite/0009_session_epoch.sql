-- The epoch that a session began in. Raising the number of the current one ends every session in one statement.
alter table sessions add column epoch integer not null default 0;
insert into installation (name, value) values ('session_epoch', '0');

-- A class is a partition, and so is each of its months, which is dropped when it ends. The months are made by the server.
-- An event that finds no month goes to the rest of its class, so that no insert fails.
alter table audit_events rename to audit_events_legacy;
alter index audit_events_user_id rename to audit_events_legacy_user_id;
alter index audit_events_at rename to audit_events_legacy_at;
alter index audit_events_session_id rename to audit_events_legacy_session_id;
alter index audit_events_email_digest rename to audit_events_legacy_email_digest;
alter table audit_events_legacy alter column id drop identity;

-- Ids come from one sequence. A key of the whole table would have to contain class and time, so each partition has its own.
create table audit_events (
  id bigint generated always as identity,
  at timestamptz not null,
  class text not null default 'normal', -- of events that the version before writes, while it still serves
  kind text not null,
  user_id bigint,
  session_id uuid,
  ip text,
  user_agent text,
  details jsonb not null,
  email_digest text
) partition by list (class);
create index audit_events_user_id on audit_events (user_id, at);
create index audit_events_at on audit_events (at);
create index audit_events_session_id on audit_events (session_id);
create index audit_events_email_digest on audit_events (email_digest) where email_digest is not null;

create table audit_events_short partition of audit_events for values in ('short') partition by range (at);
create table audit_events_normal partition of audit_events for values in ('normal') partition by range (at);
create table audit_events_long partition of audit_events for values in ('long') partition by range (at);
create table audit_events_short_rest partition of audit_events_short (primary key (id)) default;
create table audit_events_normal_rest partition of audit_events_normal (primary key (id)) default;
create table audit_events_long_rest partition of audit_events_long (primary key (id)) default;

do $$
declare
  granted record;
begin
  -- Roles that might read or write the table may still do so.
  for granted in
    select acl.privilege_type as privilege, acl.is_grantable,
      case when acl.grantee = 0 then 'public' else quote_ident(pg_get_userbyid(acl.grantee)) end as grantee
    from pg_class c, aclexplode(c.relacl) acl
    where c.oid = 'audit_events_legacy'::regclass and acl.grantee <> c.relowner
  loop
    execute format('grant %s on audit_events to %s %s', granted.privilege, granted.grantee,
      case when granted.is_grantable then 'with grant option' else '' end);
  end loop;

  if exists (select from audit_events_legacy) then
    perform setval(pg_get_serial_sequence('audit_events', 'id'), (select max(id) from audit_events_legacy));
    alter table audit_events attach partition audit_events_legacy for values in ('legacy');
  else
    drop table audit_events_legacy;
  end if;
end $$;

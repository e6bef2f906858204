-- A mail that is refused for good a few times is parked (failed_at); what the mail server said last helps whoever looks.
alter table outbox add column refusals integer not null default 0;
alter table outbox add column last_error text;
create index outbox_created_at on outbox (created_at);

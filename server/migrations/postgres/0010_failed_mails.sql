-- Failed mails are counted every few seconds, among thirty days of mails.
create index concurrently if not exists outbox_failed on outbox (failed_at) where failed_at is not null;

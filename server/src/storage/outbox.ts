import sql from 'sql-template-tag'
import type { Queries } from './database.ts'

export interface NewMail {
  user_id: number
  /** What happened; the message is worded when it is sent. */
  kind: 'refresh_token_reused' | 'address_changed'
  data: Record<string, string | null>
  /** A second mail with the same key is never written. */
  dedupe_key: string
}

export async function insertMail(tx: Queries, mail: NewMail, now: Date): Promise<void> {
  await tx.query(sql`
    insert into outbox (user_id, kind, data, dedupe_key, next_attempt_at, created_at)
    values (${mail.user_id}, ${mail.kind}, ${JSON.stringify(mail.data)}, ${mail.dedupe_key}, ${now}, ${now})
    on conflict do nothing`)
}

export interface MailSince {
  data: Record<string, string | null>
  created_at: Date
}

/** The mails of one kind written to a person since a time, sent or not. */
export async function findMailsSince(
  tx: Queries,
  mails: { userId: number; kind: NewMail['kind']; since: Date },
): Promise<MailSince[]> {
  const rows = await tx.query<{ data: string; created_at: Date }>(sql`
    select data, created_at from outbox
    where user_id = ${mails.userId} and kind = ${mails.kind} and created_at > ${mails.since}`)
  return rows.map((row) => ({ ...row, data: JSON.parse(row.data) }))
}

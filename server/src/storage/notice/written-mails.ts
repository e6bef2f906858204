import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { WRITTEN_MAILS_MILLISECONDS } from '../database/expired-rows.ts'
import type { MailKind } from './mail-data.ts'

interface WrittenMails {
  /** Of the address, with or without an account: accounts come and go, a mailbox stays. */
  mailboxDigest: string
  kind: MailKind
}

/** Counts the mails of one kind that were written to a mailbox in the last hour, whichever account it belonged to. */
export async function countWrittenMails(
  tx: Queries,
  { mailboxDigest, kind }: WrittenMails,
  now: Date,
): Promise<number> {
  const since = new Date(now.getTime() - WRITTEN_MAILS_MILLISECONDS)
  const rows = await tx.query<{ count: number }>(sql`
    select count(*) as count from written_mails
    where mailbox_digest = ${mailboxDigest} and kind = ${kind} and created_at > ${since}`)
  return rows[0]?.count ?? 0
}

export async function insertWrittenMail(tx: Queries, { mailboxDigest, kind }: WrittenMails, now: Date): Promise<void> {
  await tx.query(sql`
    insert into written_mails (mailbox_digest, kind, created_at) values (${mailboxDigest}, ${kind}, ${now})`)
}

import sql from 'sql-template-tag'
import type { Queries } from '../database/database.ts'
import { WRITTEN_MAILS_MILLISECONDS } from '../database/expired-rows.ts'
import type { MailKind } from './mail-data.ts'

interface WrittenMails {
  /** Of the address, with or without an account: accounts come and go, a mailbox stays. */
  mailboxDigest: string
  /** The mails that are counted together: those of one kind, or those that were asked for. */
  kind: MailKind | 'requested' | 'requested_by_known' | 'requested_by_network'
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

/** Counts the mails that strangers asked for in the last hour, up to a limit. */
export async function countRequestedMails(tx: Queries, limit: number, now: Date): Promise<number> {
  const since = new Date(now.getTime() - WRITTEN_MAILS_MILLISECONDS)
  const rows = await tx.query<{ count: number }>(sql`
    select count(*) as count from (
      select id from written_mails where created_at > ${since} and kind = ${'requested'} limit ${limit}) recent`)
  return rows[0]?.count ?? 0
}

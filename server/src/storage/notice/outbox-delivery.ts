import sql from 'sql-template-tag'
import { lockClause, type Queries } from '../database/database.ts'

/** A mail that only this caller may send until its lease expires. */
export interface ClaimedMail {
  id: number
  /** The number of attempts, including this one; it changes when another process takes over the lease. */
  attempts: number
}

/** Whether a mail is due. Read-only, so that an empty outbox costs no write. */
export async function hasDueMail(db: Queries, now: Date): Promise<boolean> {
  const rows = await db.query(sql`
    select id from outbox where sent_at is null and failed_at is null and next_attempt_at <= ${now} limit 1`)
  return rows.length > 0
}

/**
 * Claims due mails: notices first, and of them those that have waited longest. Replicas may do so at the same time: no mail
 * is claimed by two.
 * If the caller crashes, its mails become due again when the lease expires.
 */
export async function claimMails(
  db: Queries,
  claim: { now: Date; leaseUntil: Date; limit: number },
): Promise<ClaimedMail[]> {
  const skip = lockClause(db, 'for update skip locked')
  return db.query<ClaimedMail>(sql`
    update outbox set attempts = attempts + 1, next_attempt_at = ${claim.leaseUntil}, leased_until = ${claim.leaseUntil}
    where id in (
      select id from outbox where sent_at is null and failed_at is null and next_attempt_at <= ${claim.now}
      order by urgency, next_attempt_at limit ${claim.limit} ${skip})
    returning id, attempts`)
}

export async function markMailSent(db: Queries, id: number, now: Date): Promise<void> {
  await db.query(
    sql`update outbox set sent_at = ${now}, failed_at = null, last_error = null, leased_until = null where id = ${id}`,
  )
}

interface MailFailure {
  mail: ClaimedMail
  nextAttemptAt: Date
  refusals: number
  /** When the mail was given up; null if it will be tried again. */
  failedAt: Date | null
  reason: string
}

/** Records a failed attempt. Has no effect if the lease expired and another process claimed the mail, or if it was sent. */
export async function markMailFailed(db: Queries, { mail, ...failure }: MailFailure): Promise<void> {
  await db.query(sql`
    update outbox set next_attempt_at = ${failure.nextAttemptAt}, refusals = ${failure.refusals},
      failed_at = ${failure.failedAt}, last_error = ${failure.reason}, leased_until = null
    where id = ${mail.id} and attempts = ${mail.attempts} and sent_at is null returning id`)
}

/**
 * Gives up unsent mails that were written, or last retried by an operator, before a time and that no process is sending;
 * returns their number.
 */
export async function giveUpOldMails(
  db: Queries,
  { before, now, reason }: { before: Date; now: Date; reason: string },
): Promise<number> {
  const rows = await db.query(sql`
    update outbox set failed_at = ${now}, last_error = ${reason}
    where sent_at is null and failed_at is null and next_attempt_at <= ${now}
      and coalesce(retried_at, created_at) <= ${before} returning id`)
  return rows.length
}

import { sha256 } from '../../crypto/hashing/sha256.ts'
import { findUserById } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { insertMail, type NewMail, URGENCY } from '../../storage/notice/outbox.ts'
import { countWrittenMails, insertWrittenMail } from '../../storage/notice/written-mails.ts'
import type { Origin } from '../context/origin.ts'

const MAX_NOTICES_PER_HOUR = 3

/** A notice to a user of an event in their account. */
export type Notice = NewMail & { user_id: number }

/**
 * Writes a notice in the transaction of the event that it reports. A mailbox gets at most three of a kind per hour,
 * whichever account has its address: an attacker may sign up with it, delete the account, and sign up again. The caller
 * holds the user's lock ({@link lockUserExclusive}), so that parallel requests count each other's mails.
 *
 * @returns whether it was written
 */
export async function notify(tx: Queries, notice: Notice, now: Date): Promise<boolean> {
  const user = await findUserById(tx, notice.user_id)
  if (user === null) return false
  const written = { mailboxDigest: sha256(mailboxOf(user.email)), kind: notice.kind }
  if ((await countWrittenMails(tx, written, now)) >= MAX_NOTICES_PER_HOUR) return false
  await notifyAlways(tx, { ...notice, recipient: user.email }, now)
  await insertWrittenMail(tx, written, now)
  return true
}

/**
 * Writes a notice that no number of others may silence: of a changed password or address. The acts themselves are limited.
 */
export async function notifyAlways(tx: Queries, notice: Notice & { recipient: string }, now: Date): Promise<void> {
  await insertMail(tx, notice, now)
}

/** Writes a mail that a client asked for. The caller has counted it. */
export async function sendRequested(tx: Queries, mail: NewMail & { recipient: string }, now: Date): Promise<void> {
  await insertMail(tx, { ...mail, urgency: URGENCY.requested }, now)
}

/** When and from where something was done, for the data of a mail. */
export function sceneOf(
  { ip, userAgent }: Origin,
  now: Date,
): { ip: string | null; user_agent: string | null; at: string } {
  return { ip, user_agent: userAgent, at: now.toISOString() }
}

/**
 * All addresses with a `+tag` (RFC 5233) lead to the mailbox without it, and count as one; the plain address counts by
 * itself, so that accounts with a tag cannot use up the warnings of its owner. Stored addresses are in lower case.
 */
export function mailboxOf(email: string): string {
  return email.replace(/(?<=.)\+[^@]*(?=@)/, '+')
}

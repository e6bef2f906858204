import { sha256 } from '../../crypto/sha256.ts'
import { findUserById } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { insertMail, type NewMail } from '../../storage/notice/outbox.ts'
import { countWrittenMails, insertWrittenMail } from '../../storage/notice/written-mails.ts'

const MAX_MAILS_PER_HOUR = 3

/**
 * Writes a mail to a user in the transaction of the event that it reports. A mailbox gets at most three mails of a kind per
 * hour, whichever account has its address: an attacker may sign up with it, delete the account, and sign up again. The
 * caller holds the user's lock ({@link lockUserExclusive}), so that parallel requests count each other's mails.
 */
export async function notify(tx: Queries, mail: NewMail, now: Date): Promise<void> {
  const user = await findUserById(tx, mail.user_id)
  if (user === null) return
  const written = { mailboxDigest: sha256(mailboxOf(user.email)), kind: mail.kind }
  if ((await countWrittenMails(tx, written, now)) >= MAX_MAILS_PER_HOUR) return
  await insertMail(tx, mail, now)
  await insertWrittenMail(tx, written, now)
}

/**
 * All addresses with a `+tag` (RFC 5233) lead to the mailbox without it, and count as one; the plain address counts by
 * itself, so that accounts with a tag cannot use up the warnings of its owner. Stored addresses are in lower case.
 */
function mailboxOf(email: string): string {
  return email.replace(/(?<=.)\+[^@]*(?=@)/, '+')
}

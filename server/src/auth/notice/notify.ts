import type { Queries } from '../../storage/database/database.ts'
import { countMailsSince, insertMail, type NewMail } from '../../storage/notice/outbox.ts'

const HOUR_MILLISECONDS = 3_600_000
const MAX_MAILS_PER_HOUR = 3

/**
 * Writes a mail to a user in the transaction of the event that it reports. A user gets at most three mails of a kind per
 * hour, since an attacker may have signed up with someone else's address. The caller holds the user's lock
 * ({@link lockUserExclusive}), so that parallel requests count each other's mails.
 */
export async function notify(tx: Queries, mail: NewMail, now: Date): Promise<void> {
  const since = new Date(now.getTime() - HOUR_MILLISECONDS)
  const written = await countMailsSince(tx, { userId: mail.user_id, kind: mail.kind, since })
  if (written < MAX_MAILS_PER_HOUR) await insertMail(tx, mail, now)
}

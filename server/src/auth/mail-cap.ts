import type { Queries } from '../storage/database.ts'
import { countMailsSince, type MailKind } from '../storage/outbox.ts'

const HOUR_MILLISECONDS = 3_600_000
const MOST_MAILS_PER_HOUR = 3

/**
 * Whoever signed up with somebody else's address must not fill their mailbox. The caller holds the person's queue
 * ({@link queueForUser}), so that parallel requests count each other's mails.
 */
export async function mayBeMailed(
  tx: Queries,
  { userId, kind, now }: { userId: number; kind: MailKind; now: Date },
): Promise<boolean> {
  const since = new Date(now.getTime() - HOUR_MILLISECONDS)
  return (await countMailsSince(tx, { userId, kind, since })) < MOST_MAILS_PER_HOUR
}

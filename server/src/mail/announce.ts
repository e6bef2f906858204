import type { Context } from '../auth/context.ts'
import { findMails } from '../storage/outbox.ts'

/**
 * Without a mail server, says in the log that a mail waits and how to read it; what was there before the start is not
 * said again. Returns the round to run from time to time.
 */
export function announceMails(ctx: Pick<Context, 'db' | 'log'>, howToRead: (id: number) => string) {
  let lastSeen: number | null = null
  return async function announceNew(): Promise<void> {
    const [newest] = await findMails(ctx.db, { before: Number.MAX_SAFE_INTEGER, most: 1 })
    const newestId = newest?.id ?? 0
    if (lastSeen !== null && newestId > lastSeen) {
      const mails = await findMails(ctx.db, { before: newestId + 1, most: 100 })
      for (const { id, kind, user_id: userId } of mails.filter((mail) => mail.id > (lastSeen ?? 0)).reverse()) {
        ctx.log.info({ mailId: id, kind, userId, read: howToRead(id) }, 'a mail waits: SMTP_URL is not set')
      }
    }
    lastSeen = newestId
  }
}

import type { Context } from '../../auth/context/context.ts'
import { findMails } from '../../storage/notice/outbox.ts'

/**
 * Logs each new mail and how to read it, for when no mail server is configured. Mails from before the start are not
 * logged again. Returns the job to run from time to time.
 */
export function announceMails(ctx: Pick<Context, 'db' | 'log'>, howToRead: (id: number) => string) {
  let lastSeen: number | null = null
  return async function announceNew(): Promise<void> {
    const newMails = await findMails(ctx.db, {
      state: 'waiting',
      afterId: lastSeen ?? 0,
      limit: lastSeen === null ? 1 : 100,
    })
    const atStart = lastSeen === null
    lastSeen = newMails[0]?.id ?? lastSeen ?? 0
    if (atStart) return
    for (const { id, kind, user_id: userId } of newMails.reverse()) {
      ctx.log.info({ mailId: id, kind, userId, read: howToRead(id) }, 'a mail is waiting: SMTP_URL is not set')
    }
  }
}

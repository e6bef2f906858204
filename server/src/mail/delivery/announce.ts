import type { Context } from '../../auth/context/context.ts'
import { findMails } from '../../storage/notice/outbox.ts'

/**
 * Without a mail server, says in the log that a mail waits and how to read it; what was there before the start is not
 * said again. Returns the round to run from time to time.
 */
export function announceMails(ctx: Pick<Context, 'db' | 'log'>, howToRead: (id: number) => string) {
  let lastSeen: number | null = null
  return async function announceNew(): Promise<void> {
    const news = await findMails(ctx.db, {
      state: 'waiting',
      afterId: lastSeen ?? 0,
      limit: lastSeen === null ? 1 : 100,
    })
    const atStart = lastSeen === null
    lastSeen = news[0]?.id ?? lastSeen ?? 0
    if (atStart) return
    for (const { id, kind, user_id: userId } of news.reverse()) {
      ctx.log.info({ mailId: id, kind, userId, read: howToRead(id) }, 'a mail waits: SMTP_URL is not set')
    }
  }
}

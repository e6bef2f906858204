import { dropMail, retryMail } from '../../storage/notice/outbox.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from './record-event.ts'

const CHANGES = {
  mail_retried: retryMail,
  mail_dropped: dropMail,
}

/**
 * Makes a mail due at once, or deletes it, and records that.
 *
 * @returns false if it does not exist or, for a retry, was sent or is being sent
 */
export function changeMail(
  ctx: Pick<Context, 'db' | 'now'>,
  { id, kind, origin }: { id: number; kind: keyof typeof CHANGES; origin: Origin },
): Promise<boolean> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    const mail = await CHANGES[kind](tx, id, now)
    if (!mail) return false
    await recordEvent(tx, { kind, userId: mail.user_id, details: { mail: id, mail_kind: mail.kind } }, origin, now)
    return true
  })
}

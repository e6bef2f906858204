import { lockUserRow, markEmailsVerified, markEmailVerified } from '../../storage/account/users.ts'
import { insertAuditEvents } from '../../storage/notice/audit-events.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'

const BATCH_SIZE = 1000

/**
 * Counts the address of a user as proven, because an operator vouches for it.
 *
 * @returns false when it was proven already
 */
export async function vouchForEmail(
  ctx: Pick<Context, 'db' | 'now'>,
  { userId, origin }: { userId: number; origin: Origin },
): Promise<boolean> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    const user = await lockUserRow(tx, userId)
    if (!user || user.email_verified_at !== null) return false
    await markEmailVerified(tx, userId, now)
    await recordEvent(tx, { kind: 'email_verified', userId }, origin, now)
    return true
  })
}

/**
 * Counts the addresses of all users as proven who signed up before a time. Each batch is a transaction of its own: the same
 * call again continues one that was interrupted.
 *
 * @returns the number of addresses that were unproven
 */
export async function vouchForEmails(
  ctx: Pick<Context, 'db' | 'now'>,
  { before, origin }: { before: Date; origin: Origin },
): Promise<number> {
  const { ip, userAgent: user_agent } = origin
  for (let total = 0; ; ) {
    const now = ctx.now()
    const verified = await ctx.db.transaction(async (tx) => {
      const ids = await markEmailsVerified(tx, { before, now, limit: BATCH_SIZE })
      const events = ids.map((user_id) => {
        return { kind: 'email_verified', user_id, session_id: null, ip, user_agent, details: {} } as const
      })
      if (events.length > 0) await insertAuditEvents(tx, events, now)
      return ids.length
    })
    total += verified
    if (verified < BATCH_SIZE) return total
  }
}

import { lockUserRow } from '../../storage/account/users.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { mailReset } from './take-back.ts'

/**
 * Mails a user the link to a new password on behalf of an operator, beside all limits. The password stays as it is until
 * the link is used.
 *
 * @returns false when the user is disabled or gone: the link would not be good
 */
export async function sendReset(
  ctx: Pick<Context, 'db' | 'now' | 'random' | 'settings'>,
  { userId, origin }: { userId: number; origin: Origin },
): Promise<boolean> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    const user = await lockUserRow(tx, userId)
    if (!user || user.disabled_at !== null) return false
    await mailReset(tx, ctx, { user, client: origin, now })
    await recordEvent(tx, { kind: 'password_reset_sent', userId }, origin, now)
    return true
  })
}

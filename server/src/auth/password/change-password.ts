import { endTokensOfUser } from '../../storage/account/one-time-tokens.ts'
import { replacePasswordDigest, type UserRow } from '../../storage/account/users.ts'
import { forgetDevicesOfUser } from '../../storage/session/sessions.ts'
import { revokeActiveSessionsOfUser } from '../../storage/session/user-sessions.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'

/**
 * Replaces a user's password and ends all their sessions. The user row is updated first and the sessions in a later
 * statement: a login that verified the old password either opened its session before, and it ends here, or finds the
 * digest changed.
 *
 * @returns false when the password has changed since the caller read it
 * @throws {HashPoolFull}
 */
export async function changePassword(
  ctx: Pick<Context, 'db' | 'passwords' | 'now'>,
  change: { user: Pick<UserRow, 'id' | 'password_digest'>; password: string; origin: Origin },
): Promise<boolean> {
  const to = await ctx.passwords.digest(change.password)
  const now = ctx.now()
  const { id, password_digest: from } = change.user
  return ctx.db.transaction(async (tx) => {
    if (!(await replacePasswordDigest(tx, { id, from, to, now }))) return false
    await revokeActiveSessionsOfUser(tx, { userId: id, reason: 'password_changed', now })
    await forgetDevicesOfUser(tx, id)
    await endTokensOfUser(tx, id, now)
    await recordEvent(tx, { kind: 'password_changed', userId: id }, change.origin, now)
    return true
  })
}

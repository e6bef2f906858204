import { setDisabled, type UserRow } from '../../storage/account/users.ts'
import { revokeSessionsOfUser } from '../../storage/session/sessions.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'

interface Change {
  user: Pick<UserRow, 'id'>
  origin: Origin
}

/**
 * Keeps a person out: no login, no pair, and every session of theirs ends. The user row is updated first, so that a login
 * under way either opened its session before, and it ends here, or finds the person disabled.
 *
 * @returns false when they were disabled already, or are gone
 */
export function disableUser(ctx: Pick<Context, 'db' | 'now'>, { user, origin }: Change): Promise<boolean> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    if (!(await setDisabled(tx, { id: user.id, disabledAt: now, now }))) return false
    await revokeSessionsOfUser(tx, { userId: user.id, reason: 'disabled', now })
    await recordEvent(tx, { kind: 'user_disabled', userId: user.id }, origin, now)
    return true
  })
}

/** Lets a person in again; the sessions that ended stay ended. False when they were not disabled, or are gone. */
export function enableUser(ctx: Pick<Context, 'db' | 'now'>, { user, origin }: Change): Promise<boolean> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    if (!(await setDisabled(tx, { id: user.id, disabledAt: null, now }))) return false
    await recordEvent(tx, { kind: 'user_enabled', userId: user.id }, origin, now)
    return true
  })
}

import {
  disableUser as disableUserRow,
  enableUser as enableUserRow,
  type UserRow,
} from '../../storage/account/users.ts'
import { revokeActiveSessionsOfUser } from '../../storage/session/user-sessions.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { keepAnAdmin } from './keep-an-admin.ts'

interface Change {
  user: Pick<UserRow, 'id'>
  origin: Origin
}

/**
 * Disables a user: all their sessions end, and they can no longer log in or be issued pairs. The user row is updated first,
 * so that a concurrent login either opened its session before, and it ends here, or finds the user disabled.
 *
 * @throws {AuthError} `last_admin`
 * @returns false when the user was already disabled, or no longer exists
 */
export function disableUser(ctx: Pick<Context, 'db' | 'now'>, { user, origin }: Change): Promise<boolean> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    await keepAnAdmin(tx, user)
    if (!(await disableUserRow(tx, { id: user.id, now }))) return false
    await revokeActiveSessionsOfUser(tx, { userId: user.id, reason: 'disabled', now })
    await recordEvent(tx, { kind: 'user_disabled', userId: user.id }, origin, now)
    return true
  })
}

/** Enables a user again; ended sessions stay ended. Returns false when the user was not disabled, or no longer exists. */
export function enableUser(ctx: Pick<Context, 'db' | 'now'>, { user, origin }: Change): Promise<boolean> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    if (!(await enableUserRow(tx, { id: user.id, now }))) return false
    await recordEvent(tx, { kind: 'user_enabled', userId: user.id }, origin, now)
    return true
  })
}

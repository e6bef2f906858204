import { type Role, setRole, type UserRow } from '../../storage/account/users.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { keepAnAdmin } from './keep-an-admin.ts'

/**
 * Changes a user's role. It takes effect at once in Tessera itself; services that verify access tokens themselves see it
 * in the next one.
 *
 * @throws {AuthError} `last_admin`
 * @returns false when the user already has the role, or no longer exists
 */
export function changeRole(
  ctx: Pick<Context, 'db' | 'now'>,
  { user, role, origin }: { user: Pick<UserRow, 'id' | 'role'>; role: Role; origin: Origin },
): Promise<boolean> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    if (role !== 'admin') await keepAnAdmin(tx, user)
    if (!(await setRole(tx, { id: user.id, role, now }))) return false
    const details = { from: user.role, to: role }
    await recordEvent(tx, { kind: 'role_changed', userId: user.id, details }, origin, now)
    return true
  })
}

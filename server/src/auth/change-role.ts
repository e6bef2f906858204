import { insertAuditEvent } from '../storage/audit-events.ts'
import { type Role, setRole, type UserRow } from '../storage/users.ts'
import type { Context, Origin } from './context.ts'

/**
 * Changes a role. It counts at once in Tessera itself; services that verify access tokens by themselves see it in the next
 * one.
 *
 * @returns false when the person has the role already, or is gone
 */
export function changeRole(
  ctx: Pick<Context, 'db' | 'now'>,
  { user, role, origin }: { user: Pick<UserRow, 'id' | 'role'>; role: Role; origin: Origin },
): Promise<boolean> {
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    if (!(await setRole(tx, { id: user.id, role, now }))) return false
    const who = { user_id: user.id, ip: origin.ip, user_agent: origin.userAgent }
    await insertAuditEvent(tx, { kind: 'role_changed', ...who, details: { from: user.role, to: role } }, now)
    return true
  })
}

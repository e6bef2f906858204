import { isUuid } from '../crypto/uuid.ts'
import { insertAuditEvent } from '../storage/audit-events.ts'
import { deleteUser as deleteUserRow, findUserByGuid, findUserById, type UserRow } from '../storage/users.ts'
import { AuthError } from './auth-error.ts'
import type { Client, Context } from './context.ts'

/**
 * Deletes a person with their sessions, tokens and waiting mails. Of parallel calls one succeeds.
 *
 * @param input.id the id or the GUID
 * @throws {AuthError} `user_not_found`, also for somebody else's id: only the person and an admin may know it exists
 */
export async function deleteUser(
  ctx: Pick<Context, 'db' | 'now'>,
  input: { caller: UserRow; id: string; client: Client },
): Promise<void> {
  const { caller, client } = input
  const user = await findUser(ctx, input.id)
  if (!user || (user.id !== caller.id && caller.role !== 'admin')) throw new AuthError('user_not_found')
  const deleted = await ctx.db.transaction(async (tx) => {
    if (!(await deleteUserRow(tx, user.id))) return false
    const details = { deleted_by: caller.id }
    const where = { user_id: user.id, ip: client.ip, user_agent: client.userAgent }
    await insertAuditEvent(tx, { kind: 'user_deleted', ...where, details }, ctx.now())
    return true
  })
  if (!deleted) throw new AuthError('user_not_found')
}

async function findUser(ctx: Pick<Context, 'db'>, id: string): Promise<UserRow | null> {
  if (isUuid(id)) return findUserByGuid(ctx.db, id.toLowerCase())
  return /^[1-9]\d{0,14}$/.test(id) ? findUserById(ctx.db, Number(id)) : null
}

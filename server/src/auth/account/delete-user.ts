import { deleteUser as deleteUserRow, type UserRow } from '../../storage/account/users.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'
import type { Client, Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { findUserByIdOrGuid } from './find-user.ts'
import { keepAnAdmin } from './keep-an-admin.ts'
import { may } from './rights.ts'

/**
 * Deletes a user on behalf of a caller: users can delete themselves, admins can delete any user. Of parallel calls, one
 * succeeds.
 *
 * @param input.id the id or the GUID
 * @throws {AuthError} `last_admin`; `user_not_found`, also for another user's id: only that user and admins may know that it exists
 */
export async function deleteUserFor(
  ctx: Pick<Context, 'db' | 'now' | 'addresses'>,
  { caller, id, client }: { caller: Caller; id: string; client: Client },
): Promise<void> {
  const user = await findUserByIdOrGuid(ctx, id)
  if (!user || !may(caller, 'delete_user', user)) throw new AuthError('user_not_found')
  const details = { deleted_by: caller.userId }
  if (!(await deleteUser(ctx, { user, details, origin: client }))) throw new AuthError('user_not_found')
}

/**
 * Deletes a user with their sessions, tokens and pending mails. The audit keeps a keyed digest of the address. Returns false when the user no longer exists.
 *
 * @throws {AuthError} `last_admin`
 */
export function deleteUser(
  ctx: Pick<Context, 'db' | 'now' | 'addresses'>,
  deletion: { user: Pick<UserRow, 'id' | 'email'>; details?: Record<string, number>; origin: Origin },
): Promise<boolean> {
  const { user, details = {}, origin } = deletion
  const now = ctx.now()
  return ctx.db.transaction(async (tx) => {
    await keepAnAdmin(tx, user)
    if (!(await deleteUserRow(tx, user.id, now))) return false
    const emailDigest = ctx.addresses.digest(user.email)
    await recordEvent(tx, { kind: 'user_deleted', userId: user.id, emailDigest, details }, origin, now)
    return true
  })
}

import { lockAdmins } from '../../storage/account/user-locks.ts'
import { findUserById, type UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { isProductionDatabase } from '../../storage/database/installation.ts'
import { AuthError } from '../context/auth-error.ts'

/**
 * Refuses to take away the last admin: by a deletion, by disabling, or by another role. Part of the transaction that would.
 *
 * @throws {AuthError} `last_admin`
 */
export async function keepAnAdmin(tx: Queries, { id }: Pick<UserRow, 'id'>): Promise<void> {
  // Read anew: the caller may have read the user before a promotion.
  const user = await findUserById(tx, id)
  if (user?.role !== 'admin') return
  const isProduction = await isProductionDatabase(tx)
  // In production demo users never sign in: they are no admins there, and can be deleted.
  const admins = (await lockAdmins(tx)).filter(({ seeded_as }) => seeded_as === null || !isProduction)
  if (admins.length === 1 && admins[0]?.id === id) throw new AuthError('last_admin')
}

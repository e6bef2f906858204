import { isUuid } from '../../crypto/tokens/uuid.ts'
import { findUserByEmail, findUserByGuid, findUserById, type UserRow } from '../../storage/account/users.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { readRecordId } from '../../text/record-id.ts'
import type { Context } from '../context/context.ts'

/** Finds a user by id or GUID, as in a URL path. */
export async function findUserByIdOrGuid(ctx: Pick<Context, 'db'>, id: string): Promise<UserRow | null> {
  if (isUuid(id)) return findUserByGuid(ctx.db, id.toLowerCase())
  const recordId = readRecordId(id)
  return recordId === null ? null : findUserById(ctx.db, recordId)
}

/** Finds a user by id, GUID or email address, depending on the form of the identifier. */
export async function findUser(ctx: Pick<Context, 'db'>, identifier: string): Promise<UserRow | null> {
  if (!identifier.includes('@')) return findUserByIdOrGuid(ctx, identifier)
  const email = canonicalEmail(identifier)
  return email === null ? null : findUserByEmail(ctx.db, email)
}

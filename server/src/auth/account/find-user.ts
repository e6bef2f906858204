import { isUuid } from '../../crypto/uuid.ts'
import { findUserByEmail, findUserByGuid, findUserById, type UserRow } from '../../storage/account/users.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import { readRecordId } from '../../text/record-id.ts'
import type { Context } from '../context/context.ts'

/** By what a path names a person with. */
export async function findUserByIdOrGuid(ctx: Pick<Context, 'db'>, id: string): Promise<UserRow | null> {
  if (isUuid(id)) return findUserByGuid(ctx.db, id.toLowerCase())
  const recordId = readRecordId(id)
  return recordId === null ? null : findUserById(ctx.db, recordId)
}

/** By id, GUID or address, whichever it looks like. */
export async function findUser(ctx: Pick<Context, 'db'>, name: string): Promise<UserRow | null> {
  if (!name.includes('@')) return findUserByIdOrGuid(ctx, name)
  const email = canonicalEmail(name)
  return email === null ? null : findUserByEmail(ctx.db, email)
}

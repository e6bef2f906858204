import { refuseHeldAddress } from '../../storage/account/address-holds.ts'
import { endTokensOfUser } from '../../storage/account/one-time-tokens.ts'
import {
  findUserByEmail,
  setVerifiedEmail,
  type UserChange,
  type UserRow,
  updateUser as updateUserRow,
} from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { TAKEN, takenFieldError, type ValidationErrors, validateName, withoutEmpty } from './user-fields.ts'

type UpdateOutcome = { kind: 'updated'; user: UserRow } | { kind: 'invalid'; errors: ValidationErrors }

/** Changes fields of a user, and records which ones. Sessions go on. */
export async function updateUser(
  ctx: Pick<Context, 'db' | 'now' | 'addresses'>,
  { user, change, origin }: { user: UserRow; change: UserChange; origin: Origin },
): Promise<UpdateOutcome> {
  const email = change.email === undefined ? user.email : canonicalEmail(change.email)
  const { first_name = null, last_name = null } = change
  const errors = withoutEmpty({
    email: await validateAddress(ctx, email, user),
    first_name: validateName(first_name),
    last_name: validateName(last_name),
  })
  if (email === null || Object.keys(errors).length > 0) return { kind: 'invalid', errors }
  const now = ctx.now()
  try {
    return await ctx.db.transaction(async (tx) => {
      const updated = await updateUserRow(tx, {
        id: user.id,
        change: { ...change, ...(change.email !== undefined && { email }) },
        now,
      })
      if (email !== user.email) await leaveAddress(tx, { id: user.id, email, now })
      if (!updated) return { kind: 'invalid', errors: { user: ['does not exist any more'] } }
      const details = { fields: Object.keys(change).join(' ') }
      const emailDigest = email === user.email ? null : ctx.addresses.digest(user.email)
      await recordEvent(tx, { kind: 'user_updated', userId: user.id, emailDigest, details }, origin, now)
      return { kind: 'updated', user: updated }
    })
  } catch (error) {
    return { kind: 'invalid', errors: takenFieldError(error, ['email']) }
  }
}

/** Ends the links that went to the old address. An operator vouches for the new one. */
async function leaveAddress(tx: Queries, { id, email, now }: { id: number; email: string; now: Date }): Promise<void> {
  await refuseHeldAddress(tx, email, now, id)
  await endTokensOfUser(tx, id, now)
  await setVerifiedEmail(tx, { id, email, now })
}

async function validateAddress(ctx: Pick<Context, 'db'>, email: string | null, user: UserRow): Promise<string[]> {
  if (email === null) return ['is invalid']
  if (email === user.email) return []
  return (await findUserByEmail(ctx.db, email)) ? [TAKEN] : []
}

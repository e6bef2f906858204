import { uuidV4 } from '../../crypto/tokens/uuid.ts'
import { refuseHeldAddress } from '../../storage/account/address-holds.ts'
import { type OneTimeToken, useToken } from '../../storage/account/one-time-tokens.ts'
import { insertUser, type UserRow } from '../../storage/account/users.ts'
import { UniqueViolation } from '../../storage/database/errors.ts'
import { DEFAULT_LOCALE } from '../../text/locale.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'

/**
 * Creates the user of a sign-up whose address a code has proven.
 *
 * @returns null when the sign-up is used up, or the address has gone to another user meanwhile
 */
export async function completeSignUp(
  ctx: Pick<Context, 'db' | 'random'>,
  { token, client, now }: { token: OneTimeToken; client: Client; now: Date },
): Promise<UserRow | null> {
  const { password_digest = null, first_name = null, last_name = null, locale } = token.data
  const user = {
    guid: uuidV4(ctx.random),
    email: token.recipient,
    email_verified_at: now,
    password_digest,
    first_name,
    last_name,
    role: 'user',
    locale: locale ?? DEFAULT_LOCALE,
  } as const
  try {
    return await ctx.db.transaction(async (tx) => {
      if (!(await useToken(tx, token.id, now))) return null
      const inserted = await insertUser(tx, user, now)
      await refuseHeldAddress(tx, user.email, now)
      await recordEvent(tx, { kind: 'user_registered', userId: inserted.id }, client, now)
      return inserted
    })
  } catch (error) {
    if (error instanceof UniqueViolation) return null
    throw error
  }
}

import { releaseAddresses } from '../../storage/account/address-holds.ts'
import { endTokensOfUser, type OneTimeToken, useToken } from '../../storage/account/one-time-tokens.ts'
import {
  findUserById,
  lockUserRow,
  markEmailVerified,
  setPasswordDigest,
  type UserRow,
} from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { forgetDevicesOfUser } from '../../storage/session/sessions.ts'
import { revokeActiveSessionsOfUser } from '../../storage/session/user-sessions.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { warnOfPasswordChange } from '../notice/warn-owner.ts'
import { findLink } from '../one-time/use-token.ts'
import { ownerOf } from './change-own-password.ts'
import { validatePassword } from './password-rules.ts'

type ResetOutcome = { kind: 'reset' } | { kind: 'invalid_link' } | { kind: 'invalid_password'; errors: string[] }

/**
 * Sets a password by the link of a mail. Of parallel calls, one succeeds; a password that is refused uses nothing up. All
 * sessions end, all devices are forgotten, and the address counts as proven. It is no login.
 *
 * @throws {HashPoolFull}
 */
export async function resetPassword(
  ctx: Pick<Context, 'db' | 'tokens' | 'passwords' | 'settings' | 'now' | 'random'>,
  { link, password, client }: { link: string; password: string; client: Client },
): Promise<ResetOutcome> {
  const token = await findLink(ctx, { link, purpose: 'reset_password' })
  const user = token?.user_id ? await findUserById(ctx.db, token.user_id) : null
  if (!token || !isGood(token, user)) return { kind: 'invalid_link' }
  const errors = await validatePassword(ctx.settings, password, ownerOf(user))
  if (errors.length > 0) return { kind: 'invalid_password', errors }
  const digest = await ctx.passwords.digest(password)
  const now = ctx.now()
  const isReset = await ctx.db.transaction(async (tx) => {
    const locked = await lockUserRow(tx, user.id)
    // Whether the link is good is decided again under the lock, which changes of the address wait for.
    if (!isGood(token, locked) || !(await useToken(tx, token.id, now))) return false
    await setPasswordDigest(tx, { id: user.id, digest, now })
    // The first proof of the mailbox takes what another client may have prepared before it.
    if (locked.email_verified_at === null) await releaseAddresses(tx, user.id)
    await markEmailVerified(tx, user.id, now)
    await endEverythingOf(tx, user.id, now)
    await recordEvent(tx, { kind: 'password_reset', userId: user.id }, client, now)
    await warnOfPasswordChange(tx, ctx, { user: locked, sessionId: null, client, now })
    return true
  })
  return isReset ? { kind: 'reset' } : { kind: 'invalid_link' }
}

function isGood({ recipient }: OneTimeToken, user: UserRow | null): user is UserRow {
  return user !== null && user.email === recipient && user.disabled_at === null
}

async function endEverythingOf(tx: Queries, userId: number, now: Date): Promise<void> {
  await revokeActiveSessionsOfUser(tx, { userId, reason: 'password_reset', now })
  await forgetDevicesOfUser(tx, userId)
  await endTokensOfUser(tx, userId, now)
}

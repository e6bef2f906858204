import { endTokensOfUser } from '../../storage/account/one-time-tokens.ts'
import { findUserById, lockUserRow, setPasswordDigest, type UserRow } from '../../storage/account/users.ts'
import { forgetDevicesOfUser } from '../../storage/session/sessions.ts'
import { isSessionActive, revokeActiveSessionsOfUser } from '../../storage/session/user-sessions.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Caller } from '../context/caller.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { warnOfPasswordChange } from '../notice/warn-owner.ts'
import { validatePassword } from './password-rules.ts'

const MAX_ATTEMPTS = 2

/**
 * Whether a password is the caller's. False too for a caller without a password.
 *
 * @throws {HashPoolFull}
 */
export async function isCurrentPassword(
  ctx: Pick<Context, 'db' | 'passwords'>,
  { userId }: Caller,
  password: string,
): Promise<boolean> {
  return (await checkPassword(ctx, userId, password)) !== null
}

interface PasswordChange {
  caller: Caller
  currentPassword: string
  password: string
  /** Whether the session that changes it ends, too. */
  endsOwnSession: boolean
  client: Client
}

type PasswordOutcome = { kind: 'changed' } | { kind: 'wrong' } | { kind: 'invalid'; errors: string[] }

/**
 * Changes the password of the caller. All other sessions end, their devices are forgotten, open links die, and a mail tells
 * the user.
 *
 * @throws {HashPoolFull} and {AuthError} `invalid_access_token` when the session has ended meanwhile
 */
export async function changeOwnPassword(
  ctx: Pick<Context, 'db' | 'passwords' | 'settings' | 'now' | 'random'>,
  { caller, currentPassword, password, endsOwnSession, client }: PasswordChange,
): Promise<PasswordOutcome> {
  for (let attempt = 1; ; attempt++) {
    const user = await checkPassword(ctx, caller.userId, currentPassword)
    if (user === null) return { kind: 'wrong' }
    const errors = await validatePassword(ctx.settings, password, ownerOf(user))
    if (errors.length > 0) return { kind: 'invalid', errors }
    const digest = await ctx.passwords.digest(password)
    const now = ctx.now()
    const except = endsOwnSession ? null : caller.sessionId
    const outcome = await ctx.db.transaction(async (tx) => {
      const locked = await lockUserRow(tx, user.id)
      if (!locked || !(await isSessionActive(tx, { id: caller.sessionId, userId: user.id, now }))) return 'ended'
      if (locked.password_digest !== user.password_digest) return 'replaced'
      await setPasswordDigest(tx, { id: user.id, digest, now })
      await revokeActiveSessionsOfUser(tx, { userId: user.id, reason: 'password_changed', now, except })
      await forgetDevicesOfUser(tx, user.id, except)
      await endTokensOfUser(tx, user.id, now)
      const { sessionId } = caller
      await recordEvent(tx, { kind: 'password_changed', userId: user.id, sessionId }, client, now)
      await warnOfPasswordChange(tx, ctx, { user: locked, sessionId, client, now })
      return 'changed'
    })
    if (outcome === 'changed') return { kind: 'changed' }
    if (outcome === 'ended') throw new AuthError('invalid_access_token')
    // A login may have renewed the digest of the same password.
    if (attempt === MAX_ATTEMPTS) return { kind: 'wrong' }
  }
}

async function checkPassword(
  ctx: Pick<Context, 'db' | 'passwords'>,
  userId: number,
  password: string,
): Promise<UserRow | null> {
  const user = await findUserById(ctx.db, userId)
  const matches = user && (await ctx.passwords.matches(password, user.password_digest, user.email, { isKnown: true }))
  return matches ? user : null
}

/** The data of a user that a password must not be made of. */
export function ownerOf({ email, first_name: firstName, last_name: lastName }: UserRow) {
  return { email, firstName, lastName }
}

import { sha256 } from '../../crypto/hashing/sha256.ts'
import type { DeviceToken } from '../../crypto/tokens/device-token.ts'
import { releaseAddresses } from '../../storage/account/address-holds.ts'
import { findTokenOfHolder, type OneTimeToken, useToken } from '../../storage/account/one-time-tokens.ts'
import { findUserById, lockUserRow, markEmailVerified, type UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import { hasActiveSessionFrom } from '../../storage/session/user-sessions.ts'
import { isLocale } from '../../text/locale.ts'
import { completeSignUp } from '../account/complete-sign-up.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { notifyAlways, sceneOf } from '../notice/notify.ts'
import { recordEvent } from '../notice/record-event.ts'
import { tryCode } from '../one-time/use-token.ts'
import { takeBack } from '../recovery/take-back.ts'
import { finishLogin, type LoginOutcome } from './finish-login.ts'

type VerifyOutcome =
  | { kind: 'login'; outcome: LoginOutcome; inCookie: boolean }
  | { kind: 'expired' }
  | { kind: 'invalid_code'; attemptsLeft: number }

interface VerifyInput {
  loginToken: string
  code: string
  device: DeviceToken | null
  client: Client
}

/** A code by mail as the only proof (RFC 8176: a one-time password). It is never a second factor. */
const BY_CODE = 'otp'

/** How a client began a login, if it is still in progress. */
export async function findBegunLogin(
  ctx: Pick<Context, 'db' | 'now'>,
  loginToken: string,
): Promise<{ inCookie: boolean } | null> {
  const token = await findBegun(ctx, loginToken)
  return token && { inCookie: token.data['carrier'] === 'cookie' }
}

/**
 * Completes a login or a sign-up with the code of a mail, by the client that began it. Of parallel calls, one succeeds. A
 * code after the fifth wrong one, and one for a login that is not in progress any more, are `expired`.
 */
export async function verifyLogin(
  ctx: Pick<Context, 'db' | 'tokens' | 'settings' | 'random' | 'now' | 'log'>,
  { loginToken, code, device, client }: VerifyInput,
): Promise<VerifyOutcome> {
  const begun = await findBegun(ctx, loginToken)
  if (!begun || begun.attempts_left === 0) return { kind: 'expired' }
  const tried = await tryCode(ctx, { id: begun.id, typed: code })
  // A parallel call may have taken the last attempt, or used the code.
  if (!tried.matches && !tried.wasOpen) return { kind: 'expired' }
  if (!tried.matches) return { kind: 'invalid_code', attemptsLeft: tried.attemptsLeft }
  const { token } = tried
  // The address has no account, or its mails were too many: no code was sent.
  if (token.recipient === '') return { kind: 'invalid_code', attemptsLeft: token.attempts_left }
  const now = ctx.now()
  const signsUp = token.user_id === null
  const user = signsUp ? await completeSignUp(ctx, { token, client, now }) : await userOf(ctx, token)
  if (!user) return { kind: 'expired' }
  const proven = token.data['amr']?.split(' ').filter(Boolean) ?? []
  const outcome = await finishLogin(ctx, {
    user: { ...user, email_verified_at: user.email_verified_at ?? now },
    methods: proven.length > 0 ? proven : [BY_CODE],
    ...(!signsUp && {
      claim: (tx: Queries) => claimLogin(tx, { token, proven, device, client, now }),
    }),
    inCookie: token.data['carrier'] === 'cookie',
    device,
    locale: isLocale(user.locale) ? user.locale : 'en',
    client,
    now,
  })
  return outcome ? { kind: 'login', outcome, inCookie: token.data['carrier'] === 'cookie' } : { kind: 'expired' }
}

async function findBegun(ctx: Pick<Context, 'db' | 'now'>, loginToken: string): Promise<OneTimeToken | null> {
  const token = await findTokenOfHolder(ctx.db, sha256(loginToken))
  return token && token.used_at === null && token.expires_at > ctx.now() ? token : null
}

async function userOf({ db }: Pick<Context, 'db'>, { user_id: id }: OneTimeToken): Promise<UserRow | null> {
  return id === null ? null : findUserById(db, id)
}

interface Claim {
  token: OneTimeToken
  proven: readonly string[]
  device: DeviceToken | null
  client: Client
  now: Date
}

/** Uses the code up, for the address it was sent to, and counts the address as proven. The user is locked. */
async function claimLogin(tx: Queries, { token, proven, device, client, now }: Claim): Promise<boolean> {
  const user = token.user_id === null ? null : await lockUserRow(tx, token.user_id)
  if (!user || user.email !== token.recipient || !(await useToken(tx, token.id, now))) return false
  if (user.email_verified_at !== null) return true
  // The code that completes a login with the password is the user's own proof.
  const isOwn = proven.length > 0 || (await isKnownDevice(tx, user, device, now))
  if (!isOwn) await takeFromStrangers(tx, { user, token, client, now })
  await markEmailVerified(tx, user.id, now)
  await recordEvent(tx, { kind: 'email_verified', userId: user.id }, client, now)
  return true
}

async function isKnownDevice(tx: Queries, { id: userId }: UserRow, device: DeviceToken | null, now: Date) {
  return hasActiveSessionFrom(tx, { userId, network: null, deviceDigest: device?.digest ?? null, now })
}

/**
 * The first proof of a mailbox takes everything that was there before: an attacker may have signed up with the address
 * (pre-hijacking, CVE-2024-38351).
 */
async function takeFromStrangers(
  tx: Queries,
  { user, token, client, now }: Pick<Claim, 'token' | 'client' | 'now'> & { user: UserRow },
): Promise<void> {
  const { id: userId, email: recipient } = user
  await takeBack(tx, { userId, reason: 'password_reset', now })
  await releaseAddresses(tx, userId)
  if (user.password_digest === null) return
  const kind = 'password_removed'
  const notice = { user_id: userId, recipient, kind, data: sceneOf(client, now) } as const
  await notifyAlways(tx, { ...notice, dedupe_key: `${kind}:${token.id}` }, now)
}

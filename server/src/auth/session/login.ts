import type { DeviceToken } from '../../crypto/tokens/device-token.ts'
import { findUserByEmail, replacePasswordDigest, type UserRow } from '../../storage/account/users.ts'
import { hasDevice } from '../../storage/session/sessions.ts'
import { canonicalEmail } from '../../text/email-address.ts'
import type { Locale } from '../../text/locale.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import { finishLogin, type LoginOutcome } from './finish-login.ts'

interface LoginInput {
  email: string
  password: string
  /** Whether the refresh token goes into a cookie: a browser always stores the successor. */
  inCookie: boolean
  /** The device that will be known to the account; null for one that keeps no token. */
  device: DeviceToken | null
  /** The device whose token the client sent, by which it may be known; null for a client without one. */
  presented: DeviceToken | null
  /** Why the client may not sign in as a demo user; null if it may. */
  demoRefusal: string | null
  /** The language of mails, for an address without an account. */
  locale: Locale
  client: Client
}

const MAX_ATTEMPTS = 2

/**
 * Checks a password and opens a session. Unknown address, wrong password and disabled account cost the same work and get
 * the same answer (OWASP ASVS 5, 6.3.8).
 *
 * @throws {AuthError} `invalid_credentials`
 * @throws {HashPoolFull}
 */
export async function login(
  ctx: Context,
  { email, password, inCookie, device, presented, demoRefusal, locale, client }: LoginInput,
): Promise<LoginOutcome> {
  const canonical = canonicalEmail(email)
  const known = presented && { email: canonical ?? '', digest: presented.digest }
  // Only where others wait does it matter who is next.
  const isKnown = known !== null && ctx.passwords.isQueued() && (await hasDevice(ctx.db, known))
  for (let attempt = 1; ; attempt++) {
    const user = canonical === null ? null : await findUserByEmail(ctx.db, canonical)
    const matches = await ctx.passwords.matches(password, user?.password_digest ?? null, canonical ?? email, {
      isKnown,
    })
    const now = ctx.now()
    const isRefusedDemo = user !== null && user.seeded_as !== null && demoRefusal !== null
    const allowed = user !== null && matches && user.disabled_at === null && !isRefusedDemo
    // `finishLogin` checks under a lock whether the user was disabled or the password changed in the meantime.
    const proof = { methods: ['pwd'], verifiedDigest: user?.password_digest ?? null }
    const outcome = allowed ? await finishLogin(ctx, { user, ...proof, inCookie, device, locale, client, now }) : null
    if (user && outcome) {
      ctx.note({ userId: user.id, outcome: outcome.kind === 'session' ? 'succeeded' : 'next_step' })
      await renewOutdatedDigest(ctx, user, password)
      return outcome
    }
    // A concurrent login may have renewed the digest that was compared; a changed password will not match.
    if (allowed && attempt < MAX_ATTEMPTS) continue
    ctx.note({ ...(user && { userId: user.id }), outcome: matches && !allowed ? 'disabled' : 'wrong' })
    // The answer is that of every failed login; only the log and the audit may tell.
    if (isRefusedDemo) ctx.log.info({ userId: user.id, reason: demoRefusal }, 'a demo user may not sign in')
    const details = isRefusedDemo ? { demo: 'refused' } : {}
    await recordEvent(ctx.db, { kind: 'login_failed', userId: user?.id ?? null, details }, client, now)
    throw new AuthError('invalid_credentials')
  }
}

/**
 * Renews a digest with the current settings, while the password is known, unless they could not take the whole password.
 * The login succeeds even if this fails.
 */
async function renewOutdatedDigest(ctx: Context, user: UserRow, password: string): Promise<void> {
  const from = user.password_digest
  if (from === null || !ctx.passwords.isOutdated(from) || !ctx.passwords.canDigest(password)) return
  try {
    const to = await ctx.passwords.digest(password)
    await replacePasswordDigest(ctx.db, { id: user.id, from, to, now: ctx.now() })
  } catch (error) {
    ctx.log.warn({ userId: user.id, reason: (error as Error).name }, 'an outdated password digest could not be renewed')
  }
}

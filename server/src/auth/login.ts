import { insertAuditEvent } from '../storage/audit-events.ts'
import { findUserByEmail, replacePasswordDigest, type UserRow } from '../storage/users.ts'
import { AuthError } from './auth-error.ts'
import type { Client, Context } from './context.ts'
import { isDemoUser } from './demo-users.ts'
import { canonicalEmail } from './email-address.ts'
import { type IssuedTokens, issueTokens } from './issued-tokens.ts'
import { openSession } from './open-session.ts'

export interface LoginInput {
  email: string
  password: string
  /** Whether the refresh token goes into a cookie: its keeper always stores successors. */
  inCookie: boolean
  client: Client
}

const MOST_TRIES = 2

/**
 * Checks a password and opens a session. Unknown address, wrong password and disabled account cost the same work and get
 * the same answer (OWASP ASVS 5, 6.3.8).
 *
 * @throws {AuthError} `invalid_credentials`
 * @throws {LaneFull}
 */
export async function login(
  ctx: Context,
  { email, password, inCookie, client }: LoginInput,
): Promise<IssuedTokens & { user: UserRow }> {
  const canonical = canonicalEmail(email)
  for (let tries = 1; ; tries++) {
    const user = canonical === null ? null : await findUserByEmail(ctx.db, canonical)
    const matches = await ctx.passwords.matches(password, user?.password_digest ?? null)
    const now = ctx.now()
    const allowed = user !== null && matches && user.disabled_at === null && mayBeHere(ctx, user, client)
    // Whether the account was disabled, or its password changed, since then is judged under lock.
    const session = allowed ? await openSession(ctx, { user, kind: 'login', strict: inCookie, client, now }) : null
    if (user && session) {
      await renewOutdatedDigest(ctx, user, password)
      return { user, ...issueTokens(ctx, { kind: 'login', user, ...session, ip: client.ip, now }) }
    }
    // A login beside this one may have renewed the digest that was compared; a changed password will not match.
    if (allowed && tries < MOST_TRIES) continue
    const { ip, userAgent: user_agent } = client
    await insertAuditEvent(ctx.db, { kind: 'login_failed', user_id: user?.id ?? null, ip, user_agent }, now)
    throw new AuthError('invalid_credentials')
  }
}

/** Demo users have passwords that stand in the documentation. */
function mayBeHere(ctx: Pick<Context, 'settings'>, user: UserRow, client: Client): boolean {
  return !isDemoUser(user) || ctx.settings.isDemoAddress(client.ip)
}

/** Only now is the password known that a digest of today's strength needs. A failure costs nobody their login. */
async function renewOutdatedDigest(ctx: Context, user: UserRow, password: string): Promise<void> {
  const from = user.password_digest
  if (from === null || !ctx.passwords.isOutdated(from)) return
  try {
    const to = await ctx.passwords.digest(password)
    await replacePasswordDigest(ctx.db, { id: user.id, from, to, now: ctx.now() })
  } catch (error) {
    ctx.log.warn({ userId: user.id, reason: (error as Error).name }, 'an outdated password digest was not renewed')
  }
}

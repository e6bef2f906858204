import type { DeviceToken } from '../../crypto/tokens/device-token.ts'
import { lockUserForLogin } from '../../storage/account/user-locks.ts'
import { lockUserRow, type UserRow } from '../../storage/account/users.ts'
import type { Queries } from '../../storage/database/database.ts'
import type { Locale } from '../../text/locale.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { warnOfLogin } from '../notice/warn-owner.ts'
import { type BegunLogin, beginLogin } from '../requested-mail/begin-login.ts'
import { type IssuedTokens, issueTokens } from './issued-tokens.ts'
import { openSession, prepareSession } from './open-session.ts'

/** The outcome of a login that was not refused. */
export type LoginOutcome =
  | { kind: 'session'; user: UserRow; tokens: IssuedTokens }
  /** The address must be proven first: a mail with a code is on its way. */
  | ({ kind: 'email_not_verified' } & BegunLogin)

export interface VerifiedLogin {
  user: UserRow
  /** How the user authenticated (RFC 8176). */
  methods: readonly string[]
  /** The digest that the password was verified against; undefined for a login without a password. */
  verifiedDigest?: string | null
  /** Uses up a one-time token in the transaction that opens the session. Returns false if that is not possible any more. */
  claim?: (tx: Queries) => Promise<boolean>
  /** Whether the refresh token goes into a cookie: a browser always stores the successor. */
  inCookie: boolean
  /** The device that becomes known to the account; null for one that keeps no token. */
  device: DeviceToken | null
  /** The language of mails, for an address without an account. */
  locale: Locale
  client: Client
  /** When the user authenticated, if that was earlier; only test mode knows of such logins. */
  authenticatedAt?: Date | null
  now: Date
}

type LoginContext = Pick<Context, 'db' | 'tokens' | 'settings' | 'random' | 'log'>

/**
 * The last step of every way to sign in, and the only way to a `login` session: rules for all logins belong here.
 *
 * @returns null when the user is gone or disabled, no longer has the password that was verified, or the claim failed
 */
export async function finishLogin(ctx: LoginContext, login: VerifiedLogin): Promise<LoginOutcome | null> {
  const { user, methods, verifiedDigest, claim, inCookie, device, client, now } = login
  const { settings } = ctx
  if (settings.requireVerifiedEmail && user.email_verified_at === null && !claim) return askForProof(ctx, login)
  const kind = 'login'
  const prepared = await prepareSession(ctx, {
    userId: user.id,
    kind,
    carrier: inCookie ? 'cookie' : 'body',
    deviceDigest: device?.digest ?? null,
    methods,
    client,
    now,
  })
  const locked = await ctx.db.transaction(async (tx) => {
    // First, so that a code which came too late leaves no trace of a login.
    if (claim && !(await claim(tx))) return null
    const locked = await lockUserForLogin(tx, {
      userId: user.id,
      verifiedDigest,
      allowDemoUsers: settings.allowDemoUsers,
      now,
    })
    if (!locked) return null
    const { isKnown } = await openSession(tx, ctx, prepared)
    if (settings.loginAlerts && !isKnown && !locked.isFirstLogin)
      await warnOfLogin(tx, ctx, { user, sessionId: prepared.session.id, methods, client, now })
    return locked
  })
  if (!locked) return null
  const owner = { ...user, role: locked.role, claims: locked.claims }
  const authentication = {
    authenticated_at: login.authenticatedAt ?? now,
    amr: prepared.session.amr,
    user_claims: owner.claims,
    session_claims: '{}',
  }
  return {
    kind: 'session',
    user: owner,
    tokens: await issueTokens(ctx, { kind, user: owner, authentication, ...prepared.issue, ip: client.ip, now }),
  }
}

/**
 * Mails a code instead of opening a session. It completes this login: the password needs no second typing. The row is the
 * user's from the start, and is written under the lock: a change of the password ends it, or is seen.
 */
async function askForProof(ctx: LoginContext, login: VerifiedLogin): Promise<LoginOutcome | null> {
  const { user, methods, verifiedDigest, inCookie, device, locale, client, now } = login
  const begun = await ctx.db.transaction(async (tx) => {
    const locked = await lockUserRow(tx, user.id)
    if (!locked || locked.disabled_at !== null) return null
    if (verifiedDigest !== undefined && locked.password_digest !== verifiedDigest) return null
    const deviceDigest = device?.digest ?? null
    const request = { email: locked.email, userId: user.id, methods, inCookie, deviceDigest, locale, client }
    return beginLogin(tx, ctx, request, now)
  })
  return begun && { kind: 'email_not_verified', ...begun }
}

import type { DeviceToken } from '../../crypto/device-token.ts'
import { lockUserForLogin } from '../../storage/account/user-locks.ts'
import type { UserRow } from '../../storage/account/users.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { type IssuedTokens, issueTokens } from './issued-tokens.ts'
import { openSession, prepareSession } from './open-session.ts'

/** The outcome of a login that was not refused. */
export type LoginOutcome = { kind: 'session'; user: UserRow; tokens: IssuedTokens }

interface VerifiedLogin {
  user: UserRow
  /** How the user authenticated (RFC 8176). */
  methods: readonly string[]
  /** The digest that the password was verified against. */
  verifiedDigest: string | null
  /** Whether the refresh token goes into a cookie: a browser always stores the successor. */
  inCookie: boolean
  /** The device that becomes known to the account; null for one that keeps no token. */
  device: DeviceToken | null
  client: Client
  now: Date
}

/**
 * The last step of every way to sign in, and the only way to a `login` session: rules for all logins belong here.
 *
 * @returns null when the user is gone or disabled, or no longer has the password that was verified
 */
export async function finishLogin(
  ctx: Pick<Context, 'db' | 'tokens' | 'settings' | 'random'>,
  { user, methods, verifiedDigest, inCookie, device, client, now }: VerifiedLogin,
): Promise<LoginOutcome | null> {
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
  const { allowDemoUsers } = ctx.settings
  const opened = await ctx.db.transaction(async (tx) => {
    if (!(await lockUserForLogin(tx, { userId: user.id, verifiedDigest, allowDemoUsers, now }))) return false
    await openSession(tx, ctx, prepared)
    return true
  })
  if (!opened) return null
  return { kind: 'session', user, tokens: issueTokens(ctx, { kind, user, ...prepared.issue, ip: client.ip, now }) }
}

import { isUuid } from '../../crypto/tokens/uuid.ts'
import { lockUserForPair } from '../../storage/account/user-locks.ts'
import { findUserByGuid } from '../../storage/account/users.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { type IssuedTokens, issueTokens } from './issued-tokens.ts'
import { openSession, prepareSession } from './open-session.ts'

/**
 * Issues a pair for the user with a GUID. A GUID is not a credential: the calling code must have authorized the client.
 *
 * @throws {AuthError} `user_not_found`, also for a disabled user
 */
export async function issuePair(ctx: Context, input: { userGuid: string; client: Client }): Promise<IssuedTokens> {
  const { userGuid, client } = input
  ctx.note({ outcome: 'wrong' })
  const user = isUuid(userGuid) ? await findUserByGuid(ctx.db, userGuid.toLowerCase()) : null
  if (!user) throw new AuthError('user_not_found')
  const now = ctx.now()
  const session = { userId: user.id, kind: 'pair', carrier: 'body', methods: ['svc'], client, now } as const
  const prepared = await prepareSession(ctx, session)
  const { allowDemoUsers } = ctx.settings
  const opened = await ctx.db.transaction(async (tx) => {
    if (!(await lockUserForPair(tx, { userId: user.id, allowDemoUsers }))) return false
    await openSession(tx, ctx, prepared)
    return true
  })
  ctx.note({ userId: user.id, outcome: opened ? 'succeeded' : 'disabled' })
  if (!opened) throw new AuthError('user_not_found')
  return issueTokens(ctx, { kind: 'pair', user, authentication: null, ...prepared.issue, ip: client.ip, now })
}

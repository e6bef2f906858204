import { isUuid } from '../../crypto/uuid.ts'
import { findUserByGuid } from '../../storage/account/users.ts'
import { AuthError } from '../context/auth-error.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { type IssuedTokens, issueTokens } from './issued-tokens.ts'
import { openSession } from './open-session.ts'

/**
 * Issues a pair to the person of a GUID. A GUID is no credential: whoever calls this has checked who is asking.
 *
 * @throws {AuthError} `user_not_found`, also for a disabled person
 */
export async function issuePair(ctx: Context, input: { userGuid: string; client: Client }): Promise<IssuedTokens> {
  const { userGuid, client } = input
  const user = isUuid(userGuid) ? await findUserByGuid(ctx.db, userGuid.toLowerCase()) : null
  const now = ctx.now()
  const session =
    user && (await openSession(ctx, { userId: user.id, kind: 'pair', strict: true, methods: ['svc'], client, now }))
  if (!user || !session) throw new AuthError('user_not_found')
  return issueTokens(ctx, { kind: 'pair', user, ...session, ip: client.ip, now })
}

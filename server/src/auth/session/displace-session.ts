import { readRefreshToken } from '../../crypto/tokens/refresh-token.ts'
import { findChain } from '../../storage/session/refresh-tokens.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { endSession } from './end-session.ts'

/**
 * Ends the session of the cookie that a new login replaces (OWASP ASVS 5, 7.2.4): its token would stay good for weeks
 * without any browser that has it. Anything but the genuine token of a cookie's session is ignored.
 */
export async function displaceSession(
  ctx: Pick<Context, 'db' | 'tokens' | 'now'>,
  { refreshToken, client }: { refreshToken: string; client: Client },
): Promise<void> {
  const token = readRefreshToken(ctx.tokens.refreshKeys, refreshToken)
  const chain = token && (await findChain(ctx.db, token.sessionId))
  if (!token || !chain || chain.token_carrier === 'body') return
  const session = { id: chain.session_id, userId: chain.user_id }
  await endSession(ctx, {
    session,
    reason: 'displaced',
    generation: token.generation,
    origin: client,
    now: ctx.now(),
  })
}

import { findClaims } from '../../storage/session/session-claims.ts'
import { tokenClaims } from '../claims/token-claims.ts'
import type { Context } from '../context/context.ts'
import { findActiveToken } from './authenticate.ts'

/** The answer about a token (RFC 7662, 2.2); the names are those of the API. */
export type Introspection =
  | { active: false }
  | {
      active: true
      sub: string
      sid: string
      role: string
      iat: number
      exp: number
      jti: string
      token_type: 'Bearer'
      amr: string[]
      auth_time: number
      iss?: string
      aud?: string | string[]
      /** The address that a pair was issued to. */
      client_ip?: string
    }

/**
 * Says whether an access token is good at this moment, and whose it is. Times and ids are those of the token; the role, the
 * claims and how the user authenticated are those of now. A refresh token is never active: an API that asks about whatever its clients
 * send must not let one in.
 */
export async function introspect(
  ctx: Pick<Context, 'db' | 'tokens' | 'now' | 'log'>,
  token: string,
): Promise<Introspection> {
  const found = await findActiveToken(ctx, token)
  if (!found) return { active: false }
  const { session } = found
  const { sub, sid, iat, exp, jti, iss, aud } = found.token.claims
  const stored = found.token.kind === 'login' ? await findClaims(ctx.db, sid) : null
  return {
    ...(stored && tokenClaims(ctx, stored, sid)), // first: none may take the name of a member below
    active: true,
    sub,
    sid,
    role: session.role,
    iat,
    exp,
    jti,
    token_type: 'Bearer',
    amr: session.amr.split(' '),
    auth_time: Math.floor(session.authenticated_at.getTime() / 1000),
    ...(iss !== undefined && { iss }),
    ...(aud !== undefined && { aud }),
    ...(found.token.kind === 'pair' && { client_ip: found.token.claims.ip }),
  }
}

import { makeRefreshToken, type RefreshToken, SECRET_BYTES } from '../../crypto/tokens/refresh-token.ts'
import { uuidV4, uuidV7 } from '../../crypto/tokens/uuid.ts'
import type { Queries } from '../../storage/database/database.ts'
import { insertSession, type NewSession } from '../../storage/session/new-session.ts'
import { deleteTokensOfSessions, type NewToken } from '../../storage/session/refresh-tokens.ts'
import type { SessionKind, TokenCarrier } from '../../storage/session/sessions.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { auditRow, recordEvent } from '../notice/record-event.ts'
import { SESSION_KINDS } from './session-kind.ts'

interface SessionInput {
  userId: number
  kind: SessionKind
  /** How its refresh tokens travel. */
  carrier: TokenCarrier
  /** The device of a login; none for a pair. */
  deviceDigest?: string | null
  /** How the user authenticated (RFC 8176). */
  methods: readonly string[]
  client: Client
  now: Date
}

/** A session that is ready to be written: everything that takes time is done before a transaction begins. */
export interface PreparedSession {
  session: NewSession
  firstToken: NewToken
  client: Client
  now: Date
  /** The parts of the tokens to issue. */
  issue: {
    refreshToken: RefreshToken
    /** The `jti` of the access token that is issued with the refresh token. */
    jti: string
    sessionEndsAt: Date
    refreshTokenEndsAt: Date
  }
}

/** Prepares a session with its first refresh token. @throws {HashPoolFull} */
export async function prepareSession(
  ctx: Pick<Context, 'tokens' | 'settings' | 'random'>,
  { userId, kind, carrier, deviceDigest = null, methods, client, now }: SessionInput,
): Promise<PreparedSession> {
  const { settings, tokens } = ctx
  const { tokenDigest: algorithm, alwaysStrict } = SESSION_KINDS[kind]
  const sessionId = uuidV7(now, ctx.random)
  const secret = ctx.random(SECRET_BYTES)
  const refreshToken = makeRefreshToken(tokens.refreshKeys[0], { sessionId, generation: 0, secret })
  const jti = uuidV4(ctx.random)
  const sessionEndsAt = new Date(now.getTime() + settings.sessionMaxAgeSeconds * 1000)
  const tokenEnd = Math.min(sessionEndsAt.getTime(), now.getTime() + settings.refreshTokenLifetimeSeconds * 1000)
  const refreshTokenEndsAt = new Date(tokenEnd)
  const session = {
    id: sessionId,
    user_id: userId,
    kind,
    // A browser stores every successor, so the first token in a cookie is used up like any other.
    rotation: carrier === 'cookie' || alwaysStrict ? ('strict' as const) : settings.rotation,
    token_carrier: carrier,
    device_digest: deviceDigest,
    ip: client.ip,
    network: clientNetwork(client.ip),
    user_agent: client.userAgent,
    amr: methods.join(' '),
    expires_at: sessionEndsAt,
  }
  const firstToken = {
    session_id: sessionId,
    user_id: userId,
    token: refreshToken.selector,
    generation: 0,
    token_digest: await tokens.digests.digest(algorithm, refreshToken.secret),
    salt: null,
    jti,
    ip: client.ip,
    expires_at: refreshTokenEndsAt,
  }
  return { session, firstToken, client, now, issue: { refreshToken, jti, sessionEndsAt, refreshTokenEndsAt } }
}

/**
 * Writes a session and its audit event, and ends the sessions of the user that are too many with it. The caller has locked
 * the user in this transaction ({@link lockUserForLogin}).
 *
 * @returns whether the user has had a session on this device or from this network
 */
export async function openSession(
  tx: Queries,
  { settings }: Pick<Context, 'settings'>,
  { session, firstToken, client, now }: PreparedSession,
): Promise<{ isKnown: boolean }> {
  const { id: sessionId, user_id: userId, kind } = session
  const opening = {
    now,
    maxSessions: settings.sessionsPerUser,
    unusedBefore: new Date(now.getTime() - settings.accessTokenLifetimeSeconds * 1000),
  }
  const event = auditRow({ kind: SESSION_KINDS[kind].openedEvent, userId, sessionId }, client)
  const { displaced, isKnown } = await insertSession(tx, session, opening, { firstToken, event })
  tx.tell?.({ what: 'session_opened', kind })
  if (displaced.length > 0) await recordDisplaced(tx, displaced, userId, client, now)
  return { isKnown }
}

async function recordDisplaced(tx: Queries, ids: readonly string[], userId: number, client: Client, now: Date) {
  tx.tell?.({ what: 'sessions_ended', reason: 'displaced', sessions: ids.length })
  await deleteTokensOfSessions(tx, ids)
  for (const sessionId of ids)
    await recordEvent(tx, { kind: 'session_ended', userId, sessionId, details: { reason: 'displaced' } }, client, now)
}

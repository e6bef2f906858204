import { sha256 } from '../../crypto/hashing/sha256.ts'
import { readAttempt } from '../../crypto/tokens/attempt.ts'
import { deriveSuccessor, type RefreshToken, readRefreshToken, SALT_BYTES } from '../../crypto/tokens/refresh-token.ts'
import { uuidV4 } from '../../crypto/tokens/uuid.ts'
import { lockUserExclusive } from '../../storage/account/user-locks.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import {
  type CarriedRow,
  type ChainRow,
  findChain,
  findToken,
  type NewToken,
  type TokenRow,
} from '../../storage/session/refresh-tokens.ts'
import { insertOffer, renewOffer, rotateToken, rotateTokenIn } from '../../storage/session/rotate-token.ts'
import type { SessionKind } from '../../storage/session/sessions.ts'
import { clientNetwork } from '../../text/ip-address.ts'
import type { Context } from '../context/context.ts'
import type { Client } from '../context/origin.ts'
import { recordAddressChange } from '../notice/address-change.ts'
import { endSession } from '../session/end-session.ts'
import { SESSION_KINDS } from '../session/session-kind.ts'
import { describeReuse } from './describe-reuse.ts'
import { type Decision, decide, type Presentation, type RefreshLine, type Refused } from './refresh-policy.ts'
import { rotateAtOnce } from './rotate-at-once.ts'

interface RefreshAttempt {
  endpoint: SessionKind
  /** The token as the client sent it. */
  refreshToken: string
  /** Compares a pair's access token with the session and generation of the refresh token. */
  compareAccessToken: (token: RefreshToken) => Presentation['accessToken']
  idempotencyKey: string | null
  /** The text behind the token in its cookie; it takes the place of the key. */
  cookieAttempt: string | null
  inCookie: boolean
  client: Client
}

export type RefreshOutcome = Refused | ({ kind: 'issued' } & IssuedSuccessor)

/** `jti` and `ip` belong in the access token that is issued with the successor. */
export interface IssuedSuccessor {
  chain: Pick<ChainRow, 'kind' | 'guid' | 'role' | 'token_version' | 'expires_at'> & CarriedRow
  successor: RefreshToken
  /** The line of the policy that decided, where it was not to rotate. */
  line?: RefreshLine
  /** Whether it is the presented token itself. */
  isKept: boolean
  jti: string
  ip: string
  /** The end of the successor's own life. */
  endsAt: Date
  now: Date
}

type ChainContext = Pick<Context, 'db' | 'tokens' | 'settings' | 'now' | 'random' | 'log' | 'note' | 'metrics'>

const MAX_REREADS = 3

const UNKNOWN: Refused = { kind: 'refused', line: 'unknown', code: 'invalid_refresh_token' }

/**
 * Presents a refresh token to its chain: reads the chain, decides with {@link decide}, and carries out the decision in one
 * atomic step. A request that loses a race decides again, on what the winner wrote. The commonest decision, to rotate the
 * token of a login, may be carried out without reading first.
 *
 * @throws {HashPoolFull} or {@link Unavailable}; the token is then unused, or used so that a retry is recognised
 */
export async function advanceChain(ctx: ChainContext, attempt: RefreshAttempt): Promise<RefreshOutcome> {
  const token = readRefreshToken(ctx.tokens.refreshKeys, attempt.refreshToken)
  if (!token) return UNKNOWN
  ctx.note({ sessionId: token.sessionId })
  ctx.metrics.count('tessera_key_uses_total', { purpose: 'refresh', position: `${token.position}` })

  const key = attempt.cookieAttempt ?? attempt.idempotencyKey
  const attemptMadeAt = key === null ? null : readAttempt(ctx.tokens.refreshKeys, token, key)
  // A cookie is set as a whole: one half of it was altered.
  if (attempt.cookieAttempt !== null && !attemptMadeAt) return UNKNOWN

  const now = ctx.now()
  const digests = {
    key: key === null ? null : sha256(key),
    // The digest is random per request, so that a second try after a lost connection recognises the first one's work.
    random: sha256(ctx.random(16)),
  }
  const step = { attempt, token, now, attemptMadeAt, digests }
  let connectionsLost = 0
  for (let reads = 0; reads <= MAX_REREADS; reads++) {
    try {
      const rotated =
        reads === 0 && attempt.endpoint === 'login' ? await rotateAtOnce(ctx, { ...attempt, ...step }) : null
      const outcome = rotated ?? (await advanceOnce(ctx, step))
      if (outcome !== 'lost_race') return outcome
    } catch (error) {
      if (!(error instanceof Unavailable) || !error.connectionLost || ++connectionsLost > 1) throw error
    }
  }
  throw new Unavailable('every race for a refresh token was lost: retry later')
}

interface Step {
  attempt: RefreshAttempt
  token: RefreshToken
  now: Date
  attemptMadeAt: Date | null
  digests: { key: string | null; random: string }
}

async function advanceOnce(ctx: ChainContext, step: Step): Promise<RefreshOutcome | 'lost_race'> {
  const { attempt, token, now, attemptMadeAt, digests } = step
  const chain = await findChain(ctx.db, token.sessionId)
  const row = chain && findToken(chain, token.generation)
  const decision = decide({
    now,
    endpoint: attempt.endpoint,
    generation: token.generation,
    chain,
    digestMatches: chain && row ? await matches(ctx, chain, token, row) : null,
    accessToken: attempt.compareAccessToken(token),
    attemptDigests: digests.key ? [digests.key, digests.random] : [digests.random],
    attemptMadeAt,
    replayWindowSeconds: ctx.settings.replayWindowSeconds,
    inCookie: attempt.inCookie,
  })
  if (!chain) return UNKNOWN
  ctx.note({ userId: chain.user_id })
  switch (decision.kind) {
    case 'refused':
      return decision
    case 'rolled_back':
    case 'reused':
      return endChain(ctx, step, chain, decision)
    case 'keep': {
      const { jti, token_ip: ip, token_expires_at: endsAt } = decision.unused
      return { kind: 'issued', line: 'kept', chain, successor: token, isKept: true, jti, ip, endsAt, now }
    }
    case 'repeat':
      return reissueSuccessor(ctx, step, chain, decision.successor, decision.line)
    case 'offer':
      return decision.successor ? renew(ctx, step, chain, decision.successor) : offer(ctx, step, chain)
    case 'rotate':
      return rotate(ctx, step, chain, decision)
  }
}

/** Ends the session, and commits that before it refuses the token. */
async function endChain(
  ctx: ChainContext,
  step: Step,
  chain: ChainRow,
  decision: Decision & { kind: 'rolled_back' | 'reused' },
): Promise<RefreshOutcome> {
  const { attempt, token, now } = step
  const fields = { sessionId: chain.session_id, generation: token.generation }
  const { client } = attempt
  const session = { id: chain.session_id, userId: chain.user_id }
  if (decision.kind === 'rolled_back') {
    ctx.log.error(
      fields,
      'a genuine refresh token is unknown to the database: the database was rolled back; ending the session',
    )
    await endSession(ctx, { session, reason: 'rolled_back', generation: token.generation, origin: client, now })
    return { kind: 'refused', line: 'rolled_back', code: 'invalid_refresh_token', endReason: 'rolled_back' }
  }
  ctx.log.warn(fields, 'a used refresh token was presented again; ending its session')
  const details = describeReuse(chain, token.generation, step.digests.key !== null)
  await endSession(ctx, { session, reason: 'reuse', generation: token.generation, details, origin: client, now })
  const code = SESSION_KINDS[chain.kind].reuseRefusal
  return { kind: 'refused', line: decision.line, code, endReason: 'reuse' }
}

async function rotate(
  ctx: ChainContext,
  step: Step,
  chain: ChainRow,
  decision: Decision & { kind: 'rotate' },
): Promise<RefreshOutcome | 'lost_race'> {
  const { attempt, token, now, digests } = step
  const { successor, row } = await makeSuccessor(ctx, step, chain)
  // A key that was also used for the previous token is ignored: a thief with a copy of a constant key would always pass as
  // a retry of its client.
  const ignoredKeyDigest = digests.key === decision.previousKeyDigest ? digests.key : null
  const attemptDigest = digests.key === null || ignoredKeyDigest !== null ? digests.random : digests.key
  const rotation = { attemptDigest, ignoredKeyDigest, successor: row, now }

  const previousIp = decision.unused.token_ip
  const change = { session: { id: chain.session_id, userId: chain.user_id }, generation: token.generation }
  const networkChanged = clientNetwork(previousIp) !== clientNetwork(row.ip)
  const isReported = networkChanged && SESSION_KINDS[chain.kind].reportsNetworkChange
  const rotated = isReported
    ? await ctx.db.transaction(async (tx) => {
        await lockUserExclusive(tx, chain.user_id)
        if (!(await rotateTokenIn(tx, rotation))) return false
        await recordAddressChange(tx, { ...change, previousIp, client: attempt.client, now })
        return true
      })
    : await rotateToken(ctx.db, rotation)
  return rotated ? issued(step, chain, successor, row) : 'lost_race'
}

async function offer(ctx: ChainContext, step: Step, chain: ChainRow): Promise<RefreshOutcome | 'lost_race'> {
  const { successor, row } = await makeSuccessor(ctx, step, chain)
  const inserted = await insertOffer(ctx.db, row, step.now)
  return inserted ? issued(step, chain, successor, row, 'offered') : 'lost_race'
}

async function renew(
  ctx: ChainContext,
  step: Step,
  chain: ChainRow,
  row: TokenRow,
): Promise<RefreshOutcome | 'lost_race'> {
  const reissued = await reissueSuccessor(ctx, step, chain, row, 'offered')
  if (reissued.kind === 'refused') return reissued
  const jti = uuidV4(ctx.random)
  const renewal = {
    session_id: chain.session_id,
    user_id: chain.user_id,
    jti,
    expires_at: tokenExpiry(ctx, step, chain),
  }
  const renewed = { ...reissued, jti, endsAt: renewal.expires_at }
  return (await renewOffer(ctx.db, renewal, step.now)) ? renewed : 'lost_race'
}

/** Derives a previously issued successor again, with the key of the ring that issued it. */
async function reissueSuccessor(
  ctx: ChainContext,
  step: Step,
  chain: ChainRow,
  row: TokenRow,
  line: RefreshLine,
): Promise<RefreshOutcome> {
  for (const key of ctx.tokens.refreshKeys) {
    const successor = deriveSuccessor(key, step.token, row.salt ?? '')
    if (await matches(ctx, chain, successor, row)) {
      const { jti, token_ip: ip, token_expires_at: expires_at } = row
      return issued(step, chain, successor, { jti, ip, expires_at }, line)
    }
  }
  ctx.log.error(
    { sessionId: chain.session_id, generation: row.generation },
    'no key of the ring reproduces a refresh token: was a secret removed from JWT_PREVIOUS_SECRET_KEYS or REFRESH_PREVIOUS_SECRET_KEYS too early?',
  )
  return UNKNOWN
}

async function makeSuccessor(
  ctx: ChainContext,
  step: Step,
  chain: ChainRow,
): Promise<{ successor: RefreshToken; row: NewToken & { salt: string } }> {
  const salt = ctx.random(SALT_BYTES).toString('base64url')
  const successor = deriveSuccessor(ctx.tokens.refreshKeys[0], step.token, salt)
  const row = {
    session_id: chain.session_id,
    user_id: chain.user_id,
    token: successor.selector,
    generation: successor.generation,
    token_digest: await ctx.tokens.digests.digest(SESSION_KINDS[chain.kind].tokenDigest, successor.secret),
    salt,
    jti: uuidV4(ctx.random),
    ip: step.attempt.client.ip,
    expires_at: tokenExpiry(ctx, step, chain),
  }
  return { successor, row }
}

function issued(
  { now }: Step,
  chain: ChainRow,
  successor: RefreshToken,
  { jti, ip, expires_at: endsAt }: Pick<NewToken, 'jti' | 'ip' | 'expires_at'>,
  line: RefreshLine = 'rotated',
): RefreshOutcome {
  return { kind: 'issued', line, chain, successor, isKept: false, jti, ip, endsAt, now }
}

function matches(
  { tokens }: Pick<Context, 'tokens'>,
  chain: ChainRow,
  token: RefreshToken,
  row: TokenRow,
): Promise<boolean> {
  return tokens.digests.matches(SESSION_KINDS[chain.kind].tokenDigest, token.secret, row.token_digest)
}

/** A token expires after its own lifetime, or with its session if that is earlier. */
function tokenExpiry(ctx: ChainContext, { now }: Step, chain: ChainRow): Date {
  const expiry = now.getTime() + ctx.settings.refreshTokenLifetimeSeconds * 1000
  return new Date(Math.min(expiry, chain.expires_at.getTime()))
}

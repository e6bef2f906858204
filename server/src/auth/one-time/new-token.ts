import { sha256 } from '../../crypto/hashing/sha256.ts'
import { uuidV4 } from '../../crypto/tokens/uuid.ts'
import {
  findOpenToken,
  insertToken,
  type OneTimeToken,
  type Purpose,
  setTokenEnd,
  type TokenData,
} from '../../storage/account/one-time-tokens.ts'
import type { Queries } from '../../storage/database/database.ts'
import type { Context } from '../context/context.ts'
import { MAX_ATTEMPTS, MAX_WAIT_SECONDS, PURPOSES } from './purposes.ts'

const SALT_BYTES = 16
const HOLDER_BYTES = 32

interface NewToken {
  purpose: Purpose
  /** Null where the address is not looked up yet. */
  userId: number | null
  recipient: string
  data: TokenData
  /** The digest of the client's `login_token`, if only that client may use the code. */
  holderDigest?: string | null
  /** Whether the mail still has to be written, by the background round. */
  isMailPending: boolean
  now: Date
}

/** Writes a one-time token. Its link and its code can be derived from it, and are stored nowhere. */
export async function writeToken(
  tx: Queries,
  { random }: Pick<Context, 'random'>,
  { purpose, userId, recipient, data, holderDigest = null, isMailPending, now }: NewToken,
): Promise<OneTimeToken> {
  const { lifeSeconds, runsFromMail } = PURPOSES[purpose]
  const token: OneTimeToken = {
    id: uuidV4(random),
    purpose,
    user_id: userId,
    recipient,
    salt: random(SALT_BYTES).toString('base64url'),
    holder_digest: holderDigest,
    data,
    attempts_left: MAX_ATTEMPTS,
    prepared_at: isMailPending ? null : now,
    expires_at: after(now, runsFromMail ? MAX_WAIT_SECONDS : lifeSeconds),
    used_at: null,
    created_at: now,
  }
  await insertToken(tx, token)
  return token
}

/** Draws a `login_token` for a client that begins a login: 43 characters. Only its digest is stored. */
export function drawHolder({ random }: Pick<Context, 'random'>): { loginToken: string; holderDigest: string } {
  const loginToken = random(HOLDER_BYTES).toString('base64url')
  return { loginToken, holderDigest: sha256(loginToken) }
}

/** Begins the life of a token whose mail was taken by the mail server. A token that is not open any more stays so. */
export async function beginTokenLife(db: Queries, id: string, acceptedAt: Date): Promise<void> {
  const token = await findOpenToken(db, id, acceptedAt)
  if (!token) return
  if (PURPOSES[token.purpose].runsFromMail) await setTokenEnd(db, id, endAfterMail(token, acceptedAt))
}

/** Returns the end of a token, or the end that it gets if the mail server takes its mail at a time. */
export function endAfterMail(
  { purpose, expires_at: end, created_at: askedAt }: Pick<OneTimeToken, 'purpose' | 'expires_at' | 'created_at'>,
  acceptedAt: Date,
): Date {
  const { lifeSeconds, runsFromMail } = PURPOSES[purpose]
  if (!runsFromMail) return end
  return new Date(Math.min(after(acceptedAt, lifeSeconds).getTime(), after(askedAt, MAX_WAIT_SECONDS).getTime()))
}

function after(time: Date, seconds: number): Date {
  return new Date(time.getTime() + seconds * 1000)
}

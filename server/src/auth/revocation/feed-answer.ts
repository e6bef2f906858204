import { sha256 } from '../../crypto/hashing/sha256.ts'
import type { KeyPairSigningKey } from '../../crypto/keys/signing-key.ts'
import type { EndingRow } from '../../storage/revocation/read-endings.ts'

/** The body of an answer. */
export interface FeedBody {
  /** When the list was as it says, in seconds since 1970. */
  iat: number
  cursor: string
  /** The longest life of an access token that is still good, in seconds. */
  lifetime: number
  /** Hashes of sessions, and when they ended. */
  sessions: [hash: string, endedAt: number][]
  /** Hashes of users, and the least version of their tokens that is still good. */
  subjects: [hash: string, leastVersion: number][]
  /** The keys that were refused within a day. */
  keys: string[]
  /** Sessions with a lesser id have ended, all of them. */
  sessions_before: string | null
  more: boolean
  reset: boolean
}

export interface FeedAnswer {
  text: string
  contentType: 'application/json' | 'application/jwt'
  etag: string
}

/** The type of a signed list: no verifier of access tokens takes it for one. */
const SIGNED_TYPE = 'revocations+jwt'
const ETAG_CHARACTERS = 22

/** Lists endings of sessions and users. Others are in each answer, whole. */
export function listEndings(endings: readonly EndingRow[]): Pick<FeedBody, 'sessions' | 'subjects'> {
  return {
    sessions: endings.filter(({ kind }) => kind === 'session').map(({ hash, at }) => [hash, secondsOf(at)]),
    subjects: endings.filter(({ kind }) => kind === 'subject').map(({ hash, version }) => [hash, version]),
  }
}

/** Serialises an answer, and signs it where others verify with public keys. @throws {HashPoolFull} */
export async function sealAnswer(body: FeedBody, key: KeyPairSigningKey | null): Promise<FeedAnswer> {
  const text = key ? await key.signAs(SIGNED_TYPE, body) : JSON.stringify(body)
  const etag = `"${sha256(text).slice(0, ETAG_CHARACTERS)}"`
  return { text, contentType: key ? 'application/jwt' : 'application/json', etag }
}

export function secondsOf(time: Date): number {
  return Math.floor(time.getTime() / 1000)
}

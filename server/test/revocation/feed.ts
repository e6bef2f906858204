import { createLocalJWKSet, jwtVerify } from 'jose'
import type { FeedBody } from '../../src/auth/revocation/feed-answer.ts'
import { endingHash } from '../../src/storage/revocation/ending-hash.ts'
import { publishedKeys } from '../support/keys.ts'
import type { RequestOptions, TestServer } from '../support/server.ts'
import { decodeClaims, type Tokens } from '../support/users.ts'

export const FEED = '/.well-known/revocations'
export const SERVICE_KEY = 'the-key-of-a-service-that-follows-endings'
export const SERVICE = { bearer: SERVICE_KEY }
export const SERVICE_KEYS = `follower:revocations:${SERVICE_KEY},other:introspect:a-key-of-another-service`

export const sidHash = (tokens: Tokens) => endingHash(String(decodeClaims(tokens.access_token)['sid']))

/** Reads the list as a verifier does: verifies it where it is signed. */
export async function readFeed(
  server: Pick<TestServer, 'get'>,
  query = '',
  options: RequestOptions = {},
): Promise<FeedBody> {
  const answer = await server.get(FEED + query, options)
  if (answer.status !== 200) throw new Error(`the list is ${answer.status} ${answer.text}`)
  if (answer.headers.get('content-type') !== 'application/jwt') return answer.body
  const keys = createLocalJWKSet(await publishedKeys(server))
  const { payload } = await jwtVerify<FeedBody>(answer.text, keys, { typ: 'revocations+jwt' })
  return payload as unknown as FeedBody
}

/** Reads what has ended in the database, then the list. */
export async function readNow(server: TestServer, query = ''): Promise<FeedBody> {
  await server.readEndings()
  return readFeed(server, query)
}

export const hashesOf = ({ sessions }: FeedBody) => sessions.map(([hash]) => hash)

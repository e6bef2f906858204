import { sign as signBytes } from 'node:crypto'
import { createLocalJWKSet, type JSONWebKeySet, jwtVerify } from 'jose'
import type { KeyList } from '../../src/auth/keys/list-keys.ts'
import { listKeys } from '../../src/auth/keys/list-keys.ts'
import { type Answer, startServer, type TestServer } from './server.ts'

/** Time in seconds. */
export const MINUTE = 60
export const HOUR = 3600
export const DAY = 86_400

/** Returns the decoded header of a token. */
export function decodeHeader(token: string): Record<string, string> {
  return JSON.parse(Buffer.from(token.split('.')[0] ?? '', 'base64url').toString())
}

export async function publishedKeys(server: Pick<TestServer, 'get'>): Promise<JSONWebKeySet> {
  const answer: Answer = await server.get('/.well-known/jwks.json')
  if (answer.status !== 200) throw new Error(`the keys are ${answer.status} ${answer.text}`)
  return answer.body
}

/** Verifies a token as a foreign service would, with the keys that are published now. */
export async function verifyElsewhere(server: TestServer, token: string) {
  const keys = createLocalJWKSet(await publishedKeys(server))
  return jwtVerify(token, keys, { currentDate: server.ctx.now(), algorithms: ['ES256', 'EdDSA', 'RS256'] })
}

/** Lists the keys as `tessera keys list` does. */
export function list(server: TestServer): Promise<KeyList> {
  return listKeys(server.ctx, server.ctx.settings.accessTokenLifetimeSeconds)
}

/** Returns the states of the keys, the oldest first. */
export async function states(server: TestServer): Promise<string[]> {
  return (await list(server)).keys.map(({ state }) => state)
}

/** A clock that several servers share. */
export function sharedClock() {
  let shift = 0
  return {
    now: () => Date.now() + shift,
    advance: (seconds: number) => {
      shift += seconds * 1000
    },
  }
}

/** Starts servers on one database, with one clock. */
export async function startReplicas(count: number, settings: Record<string, string>) {
  const clock = sharedClock()
  const first = await startServer(settings, {}, clock.now)
  const servers: [TestServer, ...TestServer[]] = [first]
  while (servers.length < count)
    servers.push(await startServer({ ...settings, DATABASE_URL: first.databaseUrl }, {}, clock.now))
  return { clock, servers }
}

/** Encodes a part of a token. */
export const encode = (part: unknown) =>
  Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')

/** Signs a token as its header says, with a private key. */
export function signAs(
  header: object,
  claims: unknown,
  key: Parameters<typeof signBytes>[2],
  hash: string | null,
): string {
  const input = `${encode(header)}.${encode(claims)}`
  return `${input}.${signBytes(hash, Buffer.from(input), key).toString('base64url')}`
}

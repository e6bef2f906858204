import { createHash, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { after } from 'node:test'
import { CompactSign, type CryptoKey, calculateJwkThumbprint, exportJWK, generateKeyPair, type JWK } from 'jose'

/** A key pair of an issuer. */
export interface Key {
  kid: string
  algorithm: string
  privateKey: CryptoKey
  jwk: JWK
}

export async function createKey(algorithm = 'ES256'): Promise<Key> {
  const { privateKey, publicKey } = await generateKeyPair(algorithm, { extractable: true })
  const jwk = await exportJWK(publicKey)
  const kid = await calculateJwkThumbprint(jwk)
  return { kid, algorithm, privateKey, jwk: { ...jwk, kid, alg: algorithm, use: 'sig' } }
}

/** Signs any payload under any header, as no careful issuer would. */
export function signWith({ kid, algorithm, privateKey }: Key, payload: object, header: object = {}): Promise<string> {
  const text = new TextEncoder().encode(JSON.stringify(payload))
  return new CompactSign(text).setProtectedHeader({ alg: algorithm, typ: 'JWT', kid, ...header }).sign(privateKey)
}

export const endingHash = (id: string) =>
  createHash('sha256').update(`tessera/ending/v1${id}`).digest().subarray(0, 16).toString('base64url')

export const seconds = () => Math.floor(Date.now() / 1000)

export interface Feed {
  sessions: [string, number][]
  subjects: [string, number][]
  keys: string[]
  sessions_before?: string
  lifetime: number
}

/** An issuer that does to the letter what the description of the keys and of the list of endings says. */
export async function startIssuer(algorithm = 'ES256') {
  const first = await createKey(algorithm)
  const held = new Set<() => void>()
  const requests: { path: string; authorization: string | undefined; query: URLSearchParams }[] = []
  const issuer = {
    url: '',
    keys: [first],
    published: [first.jwk] as (JWK | object)[],
    requests,
    feed: { sessions: [], subjects: [], keys: [], lifetime: 900 } as Feed,
    /** Replaces the answer to a path. */
    broken: {} as Record<string, (response: ServerResponse) => void>,
    /** Seconds that the list's own time is off. */
    feedShift: 0,
    /** Signs the list with another key, or not at all. */
    signFeed: (body: object) => signWith(issuer.keys[0] ?? first, body, { typ: 'revocations+jwt' }) as Promise<string>,
    /** The most entries of an answer. */
    pageSize: 5000,
    claims: (changes: object = {}) => ({
      iss: issuer.url,
      aud: 'orders',
      sub: randomUUID(),
      sid: randomUUID(),
      jti: randomUUID(),
      role: 'user',
      iat: seconds(),
      exp: seconds() + 900,
      ...changes,
    }),
    sign: (changes: object = {}, header: object = {}, key?: Key) =>
      signWith(key ?? issuer.keys[0] ?? first, issuer.claims(changes), header),
    endSession(sid: string) {
      issuer.feed.sessions.push([endingHash(sid), seconds()])
      issuer.answerHeld()
    },
    answerHeld() {
      for (const answer of held) answer()
    },
    held,
    close: () => {},
  }

  async function answerFeed(query: URLSearchParams, response: ServerResponse): Promise<void> {
    const { sessions, ...rest } = issuer.feed
    const after = Number(query.get('after') ?? 0)
    const page = sessions.slice(after, after + issuer.pageSize)
    const cursor = String(after + page.length)
    const more = after + page.length < sessions.length ? { more: true } : {}
    const body = { iat: seconds() + issuer.feedShift, cursor, ...rest, sessions: page, ...more }
    const signed = await issuer.signFeed(body)
    const type = signed.startsWith('{') ? 'application/json' : 'application/jwt'
    response.writeHead(200, { 'content-type': type, 'cache-control': 'max-age=1' }).end(signed)
  }

  const server = createServer(async (request, response) => {
    const { pathname, searchParams: query } = new URL(request.url ?? '/', 'http://issuer')
    requests.push({ path: pathname, authorization: request.headers.authorization, query })
    const broken = issuer.broken[pathname]
    if (broken) return broken(response)
    if (pathname === '/.well-known/jwks.json')
      return void response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ keys: issuer.published }))
    if (pathname !== '/.well-known/revocations') return void response.writeHead(404).end()
    const hasNews = Number(query.get('after') ?? -1) !== issuer.feed.sessions.length
    if (request.headers.authorization && query.has('wait') && !hasNews) {
      const timer = setTimeout(() => answer(), Number(query.get('wait')) * 1000)
      const answer = () => {
        clearTimeout(timer)
        held.delete(answer)
        void answerFeed(query, response)
      }
      response.on('close', () => {
        clearTimeout(timer)
        held.delete(answer)
      })
      held.add(answer)
      return
    }
    await answerFeed(query, response)
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  issuer.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  issuer.close = () => {
    server.closeAllConnections()
    server.close()
  }
  after(issuer.close)
  return issuer
}

export type Issuer = Awaited<ReturnType<typeof startIssuer>>

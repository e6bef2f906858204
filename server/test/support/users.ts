import { randomUUID } from 'node:crypto'
import type { TestServer } from './server.ts'

export const ADMIN = { email: 'admin@example.com', password: 'password123' }
export const JOHN = '123e4567-e89b-12d3-a456-426614174000'
export const PASSWORD = 'correct horse battery'

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36'

export interface User {
  id: number
  guid: string
  email: string
}

export interface Tokens {
  access_token: string
  refresh_token: string
}

export async function signUp(server: TestServer, email = `${randomUUID()}@example.com`): Promise<User> {
  const answer = await server.post('/api/v1/users/sign_up', { user: { email, password: PASSWORD } })
  if (answer.status !== 200) throw new Error(`sign-up answered ${answer.status} ${answer.text}`)
  return answer.body.user
}

export async function logIn(server: TestServer, email: string, password = PASSWORD): Promise<Tokens> {
  const answer = await server.post('/api/v1/auth/login', { email, password })
  if (answer.status !== 200) throw new Error(`login answered ${answer.status} ${answer.text}`)
  return answer.body
}

/** Signs a new user up and logs in. */
export async function logInNewUser(server: TestServer): Promise<Tokens & { user: User }> {
  const user = await signUp(server)
  return { user, ...(await logIn(server, user.email)) }
}

export async function issuePair(server: TestServer, guid = JOHN): Promise<Tokens> {
  const answer = await server.post('/auth/token', { auth: { user_guid: guid } })
  if (answer.status !== 200) throw new Error(`issuing answered ${answer.status} ${answer.text}`)
  return answer.body
}

/** The fields with tokens in an answer whose refresh token is in a cookie. */
export const FIELDS_BESIDE_COOKIE = ['access_token', 'token_type', 'expires_in', 'refresh_expires_in']

/** The body of a refusal that tells the client of an ended session why it ended. */
export function sessionEnded(reason: string, message = 'Invalid refresh token') {
  return { error: { message, details: { code: 'session_ended', reason } } }
}

export function refresh(server: TestServer, refreshToken: string, key?: string) {
  const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
  return server.post('/api/v1/auth/refresh', { refresh_token: refreshToken }, { headers })
}

export function refreshPair(server: TestServer, pair: Tokens, key?: string, headers: Record<string, string> = {}) {
  const keyHeader: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
  return server.post('/auth/refresh', { auth: pair }, { headers: { ...keyHeader, ...headers } })
}

export function logOut(server: TestServer, refreshToken: string) {
  return server.post('/api/v1/auth/logout', { refresh_token: refreshToken })
}

export function me(server: TestServer, accessToken: string) {
  return server.get('/api/v1/auth/me', { bearer: accessToken })
}

/** Decodes the claims of an access token without verifying it. */
export function decodeClaims(accessToken: string): Record<string, unknown> {
  return JSON.parse(Buffer.from(accessToken.split('.')[1] ?? '', 'base64url').toString())
}

/** Moves a pair of the user to another network, which queues a warning. */
export async function moveNetwork(server: TestServer, user: User, userAgent = CHROME): Promise<void> {
  const pair = await issuePair(server, user.guid)
  const headers = { 'x-forwarded-for': '198.51.100.7', 'user-agent': userAgent }
  const answer = await refreshPair(server, pair, undefined, headers)
  if (answer.status !== 200) throw new Error(`refresh answered ${answer.status} ${answer.text}`)
}

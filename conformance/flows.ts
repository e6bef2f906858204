import { randomUUID } from 'node:crypto'
import { expect, expectStatus } from './expect.ts'
import { Skipped } from './promise.ts'
import type { Answer, Target } from './target.ts'

export interface User {
  email: string
  password: string
  /** Known if the server's sign-up returns the user. */
  id: number | undefined
  guid: string | undefined
  answer: Answer
}

export interface Tokens {
  access_token: string
  refresh_token: string
}

export interface Session extends Tokens {
  user: Record<string, unknown>
  answer: Answer
}

export const SIGN_UP = '/api/v1/users/sign_up'
export const LOGIN = '/api/v1/auth/login'
export const REFRESH = '/api/v1/auth/refresh'
export const LOGOUT = '/api/v1/auth/logout'
export const ME = '/api/v1/auth/me'
export const PAIR = '/auth/token'
export const REFRESH_PAIR = '/auth/refresh'

export function freshEmail(): string {
  return `conformance-${randomUUID()}@example.com`
}

/** Makes a password that no list of common passwords has, within the 72 bytes of bcrypt. */
export function freshPassword(): string {
  return `conformance ${randomUUID()}`
}

export function askToSignUp(target: Target, user: unknown): Promise<Answer> {
  return target.post(SIGN_UP, { user })
}

/** Signs up a new user, for promises that change or delete it. */
export async function signUp(target: Target, given: Record<string, string> = {}): Promise<User> {
  const credentials = { email: freshEmail(), password: freshPassword(), ...given }
  const answer = await askToSignUp(target, credentials)
  expectStatus(answer, 200)
  const { id, guid } = answer.body?.user ?? {}
  return { email: credentials.email, password: credentials.password, id, guid, answer }
}

/** Returns the user of most promises, each of which opens its own session or pair. */
export function anyUser(target: Target): Promise<User> {
  return target.shared('user', () => signUp(target))
}

/** Returns a second user, for wrong passwords, which limits count per account. */
export function otherUser(target: Target): Promise<User> {
  return target.shared('other user', () => signUp(target))
}

export async function logIn(target: Target, given?: User): Promise<Session> {
  const { email, password } = given ?? (await anyUser(target))
  const answer = await target.post(LOGIN, { email, password })
  expectStatus(answer, 200)
  return { ...tokensOf(answer), user: answer.body.user ?? {}, answer }
}

/** Returns a session for promises that neither refresh it nor log it out. */
export function anySession(target: Target): Promise<Session> {
  return target.shared('session', () => logIn(target))
}

export function refresh(target: Target, refreshToken: string, key?: string): Promise<Answer> {
  return target.post(REFRESH, { refresh_token: refreshToken }, keyed(key))
}

/** Refreshes with success, on a server that returns successors. */
export async function refreshed(target: Target, refreshToken: string, key?: string): Promise<Tokens> {
  return tokensOf(await refresh(target, refreshToken, key))
}

export function logOut(target: Target, refreshToken: string): Promise<Answer> {
  return target.post(LOGOUT, { refresh_token: refreshToken })
}

export function me(target: Target, accessToken: string): Promise<Answer> {
  return target.get(ME, { bearer: accessToken })
}

/** Returns the GUID of a user to issue pairs to. */
export async function pairGuid(target: Target): Promise<string> {
  if (target.options.guid !== undefined) return target.options.guid
  const guid = (await anyUser(target)).guid ?? (await anySession(target)).user['guid']
  if (typeof guid === 'string') return guid
  throw new Skipped('neither sign-up nor login returns a guid: pass one with --guid')
}

/** Requests a pair, with the service key if there is one. @throws {Skipped} if the server issues none to this client */
export async function askForPair(target: Target, body: unknown): Promise<Answer> {
  const { serviceKey } = target.options
  const answer = await target.post(PAIR, body, { bearer: serviceKey })
  if (answer.status === 401 && serviceKey === undefined) {
    throw new Skipped(`POST ${PAIR} is 401 without a key: pass one with --service-key`)
  }
  if (answer.status === 404 && !answer.text.includes('User not found')) {
    throw new Skipped(`POST ${PAIR} is 404: the server issues no pairs`)
  }
  return answer
}

export async function issuePair(target: Target, guid?: string): Promise<Tokens> {
  return tokensOf(await askForPair(target, { auth: { user_guid: guid ?? (await pairGuid(target)) } }))
}

export function refreshPair(target: Target, { access_token, refresh_token }: Tokens, key?: string): Promise<Answer> {
  return target.post(REFRESH_PAIR, { auth: { access_token, refresh_token } }, keyed(key))
}

export async function refreshedPair(target: Target, pair: Tokens, key?: string): Promise<Tokens> {
  return tokensOf(await refreshPair(target, pair, key))
}

/** Returns a user's id for paths. The original registration does not return it, but a login does. */
export async function idOf(target: Target, user: User, session?: Session): Promise<unknown> {
  const id = user.id ?? (session ?? (await logIn(target, user))).user['id']
  if (id === undefined) throw new Skipped('neither sign-up nor login returns an id')
  return id
}

/** The fields with tokens in the answers of the JWT API: `token_type` is `Bearer`, lifetimes are in seconds. */
export const TOKEN_FIELDS = ['access_token', 'token_type', 'expires_in', 'refresh_token', 'refresh_expires_in']

/** Reads both tokens of an answer, which must be 200. */
export function tokensOf(answer: Answer): Tokens {
  expectStatus(answer, 200)
  const { access_token, refresh_token } = answer.body ?? {}
  const isKept = [access_token, refresh_token].every((token) => typeof token === 'string' && token !== '')
  expect(answer, isKept, 'an access_token and a refresh_token')
  return { access_token, refresh_token }
}

function keyed(key: string | undefined) {
  return key === undefined ? {} : { headers: { 'idempotency-key': key } }
}

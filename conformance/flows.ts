import { randomUUID } from 'node:crypto'
import { expect, expectStatus } from './expect.ts'
import { Skipped } from './promise.ts'
import type { Answer, Target } from './target.ts'

export interface User {
  email: string
  password: string
  /** Of a server that answers the user at sign-up. */
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

/** Long and random, so that no list of common passwords has it; within the 72 bytes of bcrypt. */
export function freshPassword(): string {
  return `conformance ${randomUUID()}`
}

export function askToSignUp(target: Target, user: unknown): Promise<Answer> {
  return target.post(SIGN_UP, { user })
}

/** A new user, for promises that change or delete theirs. */
export async function signUp(target: Target, given: Record<string, string> = {}): Promise<User> {
  const credentials = { email: freshEmail(), password: freshPassword(), ...given }
  const answer = await askToSignUp(target, credentials)
  expectStatus(answer, 200)
  const { id, guid } = answer.body?.user ?? {}
  return { email: credentials.email, password: credentials.password, id, guid, answer }
}

/** The user whose sessions and pairs most promises are about: each opens its own. */
export function anyUser(target: Target): Promise<User> {
  return target.shared('user', () => signUp(target))
}

/** Somebody else, at whom wrong passwords are tried: limits count those per account. */
export function otherUser(target: Target): Promise<User> {
  return target.shared('other user', () => signUp(target))
}

export async function logIn(target: Target, given?: User): Promise<Session> {
  const { email, password } = given ?? (await anyUser(target))
  const answer = await target.post(LOGIN, { email, password })
  expectStatus(answer, 200)
  return { ...tokensOf(answer), user: answer.body.user ?? {}, answer }
}

/** A session that promises only look at: they neither refresh it nor log it out. */
export function anySession(target: Target): Promise<Session> {
  return target.shared('session', () => logIn(target))
}

export function refresh(target: Target, refreshToken: string, key?: string): Promise<Answer> {
  return target.post(REFRESH, { refresh_token: refreshToken }, keyed(key))
}

/** A refresh that succeeds, on a server that hands out successors. */
export async function refreshed(target: Target, refreshToken: string, key?: string): Promise<Tokens> {
  return tokensOf(await refresh(target, refreshToken, key))
}

export function logOut(target: Target, refreshToken: string): Promise<Answer> {
  return target.post(LOGOUT, { refresh_token: refreshToken })
}

export function me(target: Target, accessToken: string): Promise<Answer> {
  return target.get(ME, { bearer: accessToken })
}

/** A GUID that pairs can be issued to. */
export async function pairGuid(target: Target): Promise<string> {
  if (target.options.guid !== undefined) return target.options.guid
  const guid = (await anyUser(target)).guid ?? (await anySession(target)).user['guid']
  if (typeof guid === 'string') return guid
  throw new Skipped('neither sign-up nor login answers a guid: give one with --guid')
}

/** Asks for a pair with the service key, if there is one; skipped where nobody like us is given any. */
export async function askForPair(target: Target, body: unknown): Promise<Answer> {
  const { serviceKey } = target.options
  const answer = await target.post(PAIR, body, { bearer: serviceKey })
  if (answer.status === 401 && serviceKey === undefined) {
    throw new Skipped(`POST ${PAIR} is 401 without a key: give one with --service-key`)
  }
  if (answer.status === 404 && !answer.text.includes('User not found')) {
    throw new Skipped(`POST ${PAIR} is 404: no pairs are issued here`)
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

/** A user's id in paths; the tutorial tells nobody theirs, but a login does. */
export async function idOf(target: Target, user: User, session?: Session): Promise<unknown> {
  const id = user.id ?? (session ?? (await logIn(target, user))).user['id']
  if (id === undefined) throw new Skipped('neither sign-up nor login answers an id')
  return id
}

/** Both tokens of an answer that must be 200. */
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

import { randomUUID } from 'node:crypto'
import { readToken } from './token.ts'

export interface Answer {
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: whatever a server answers
  body: any
}

export interface Tokens {
  access_token: string
  refresh_token: string
}

export type SessionKind = 'login' | 'pair'

export const PASSWORD = 'correct horse battery'
export const SERVICE_KEY = 'a-service-that-vouches-for-people'

/** Longer than the server takes to say that its database is away. */
const PATIENCE_MILLISECONDS = 5000

/** The API as a client sees it; null when no answer came. */
export class Service {
  readonly #url: () => string

  constructor(url: () => string) {
    this.#url = url
  }

  signUp(email: string): Promise<Answer | null> {
    return this.#post('/api/v1/users/sign_up', { user: { email, password: PASSWORD } })
  }

  logIn(email: string): Promise<Answer | null> {
    return this.#post('/api/v1/auth/login', { email, password: PASSWORD })
  }

  issuePair(guid: string): Promise<Answer | null> {
    return this.#post('/auth/token', { auth: { user_guid: guid } }, { authorization: `Bearer ${SERVICE_KEY}` })
  }

  refresh(kind: SessionKind, tokens: Tokens, key?: string): Promise<Answer | null> {
    const headers: Record<string, string> = key === undefined ? {} : { 'idempotency-key': key }
    const { access_token, refresh_token } = tokens
    if (kind === 'pair') return this.#post('/auth/refresh', { auth: { access_token, refresh_token } }, headers)
    return this.#post('/api/v1/auth/refresh', { refresh_token }, headers)
  }

  logOut(tokens: Tokens): Promise<Answer | null> {
    return this.#post('/api/v1/auth/logout', { refresh_token: tokens.refresh_token })
  }

  me(tokens: Tokens): Promise<Answer | null> {
    return this.#ask('/api/v1/auth/me', { headers: { authorization: `Bearer ${tokens.access_token}` } })
  }

  /** A session of somebody new, on a server that is well. */
  async newSession(kind: SessionKind): Promise<Tokens & { email: string }> {
    const email = newAddress()
    const person = expectOk(await this.signUp(email))
    return { email, ...expectOk(await (kind === 'login' ? this.logIn(email) : this.issuePair(person.user.guid))) }
  }

  #post(path: string, body: object, headers: Record<string, string> = {}): Promise<Answer | null> {
    const json = { 'content-type': 'application/json', ...headers }
    return this.#ask(path, { method: 'POST', headers: json, body: JSON.stringify(body) })
  }

  async #ask(path: string, init: RequestInit): Promise<Answer | null> {
    try {
      const response = await fetch(this.#url() + path, { ...init, signal: AbortSignal.timeout(PATIENCE_MILLISECONDS) })
      return { status: response.status, body: await response.json() }
    } catch {
      return null
    }
  }
}

export function newAddress(): string {
  return `${randomUUID()}@example.com`
}

export function expectOk(answer: Answer | null): Answer['body'] {
  if (answer?.status !== 200) throw new Error(`answered ${answer?.status}: ${JSON.stringify(answer?.body)}`)
  return answer.body
}

/** The session that a refresh token names. */
export function sessionIdOf({ refresh_token }: Tokens): string {
  return readToken(refresh_token).session
}

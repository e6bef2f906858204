import { randomUUID } from 'node:crypto'
import { Agent, request } from 'node:http'

/** The time after which a call is given up: the server reports outages earlier, and torture's replay window is longer. */
export const ANSWER_TIMEOUT_MILLISECONDS = 4000

const REFRESH_COOKIE = '__Host-tessera_refresh'
const PASSWORD = 'correct horse battery'

export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  // biome-ignore lint/suspicious/noExplicitAny: answers have many shapes
  body: any
}

export interface Credentials {
  email: string
  password: string
}

export interface Tokens {
  access_token: string
  refresh_token: string
  /** The attempt that came with the refresh token. */
  attempt?: string | undefined
}

/** Where a client keeps the refresh token of a session: a `login` in its own storage, a `cookie` in a browser's. */
export type SessionKind = 'login' | 'cookie' | 'pair'

/** The sessions that a logout ends: that of its token, all others of the user, or all. */
export type LogoutScope = 'session' | 'others' | 'all'

/** Where the client cuts the connection: halfway through the request, or when the answer begins to arrive. */
export type Cut = 'none' | 'request' | 'answer'

export interface ApiOptions {
  /** Returns the server's address, for each call. */
  url: () => string
  serviceKey: string
  headers?: () => Record<string, string>
  /** Decides for each call whether its connection is cut; by default none is. */
  cut?: () => Cut
  /** Makes the connections, such as over TLS or without keeping them; by default they are kept. */
  agent?: Agent
  /** The time after which a call is given up. */
  timeoutMilliseconds?: number
}

interface Call {
  method: 'GET' | 'POST' | 'DELETE'
  path: string
  body?: object
  headers?: Record<string, string>
}

const keptConnections = new Agent({ keepAlive: true, maxSockets: 400 })

/** The API as a client sees it. A call resolves to null when no answer came: the connection ended or timed out. */
export class Api {
  readonly #options: ApiOptions

  constructor(options: ApiOptions) {
    this.#options = options
  }

  signUp(user: Credentials): Promise<Answer | null> {
    return this.#send({ method: 'POST', path: '/api/v1/users/sign_up', body: { user } })
  }

  /** @param sent the tokens of the cookie that the browser has from an earlier login */
  logIn(
    { email, password }: Credentials,
    kind: 'login' | 'cookie' = 'login',
    sent: Tokens | null = null,
  ): Promise<Answer | null> {
    const body = { email, password, cookie: kind === 'cookie' }
    const headers = sent === null ? {} : cookieWith(sent)
    return this.#send({ method: 'POST', path: '/api/v1/auth/login', body, headers })
  }

  issuePair(guid: string): Promise<Answer | null> {
    const headers = bearer(this.#options.serviceKey)
    return this.#send({ method: 'POST', path: '/auth/token', body: { auth: { user_guid: guid } }, headers })
  }

  refresh(kind: SessionKind, tokens: Tokens, key: string | null = null): Promise<Answer | null> {
    const { access_token, refresh_token } = tokens
    const headers: Record<string, string> = key === null ? {} : { 'idempotency-key': key }
    if (kind === 'pair') {
      const body = { auth: { access_token, refresh_token } }
      return this.#send({ method: 'POST', path: '/auth/refresh', body, headers })
    }
    return this.#sendRefreshToken('/api/v1/auth/refresh', kind, tokens, headers)
  }

  logOut(kind: SessionKind, tokens: Tokens, scope?: LogoutScope): Promise<Answer | null> {
    return this.#sendRefreshToken('/api/v1/auth/logout', kind, tokens, {}, scope && { scope })
  }

  /** Ends one session of the user, on behalf of another one. */
  endSession(id: string, { access_token }: Tokens): Promise<Answer | null> {
    return this.#send({ method: 'DELETE', path: `/api/v1/auth/sessions/${id}`, headers: bearer(access_token) })
  }

  /** Ends the other sessions of the user, or all. */
  endSessions(scope: Exclude<LogoutScope, 'session'>, { access_token }: Tokens): Promise<Answer | null> {
    const path = `/api/v1/auth/sessions${scope === 'all' ? '?current=true' : ''}`
    return this.#send({ method: 'DELETE', path, headers: bearer(access_token) })
  }

  me({ access_token }: Tokens): Promise<Answer | null> {
    return this.#send({ method: 'GET', path: '/api/v1/auth/me', headers: bearer(access_token) })
  }

  forgotPassword(email: string): Promise<Answer | null> {
    return this.#send({ method: 'POST', path: '/api/v1/users/password/forgot', body: { email } })
  }

  resetPassword(token: string, password: string): Promise<Answer | null> {
    return this.#send({ method: 'POST', path: '/api/v1/users/password/reset', body: { token, password } })
  }

  deleteUser(id: number, { access_token }: Tokens): Promise<Answer | null> {
    return this.#send({ method: 'DELETE', path: `/api/v1/users/${id}`, headers: bearer(access_token) })
  }

  /** Signs up a new user and opens a session. @throws unless every call is answered 200 */
  async newSession(kind: 'login' | 'pair'): Promise<Tokens & Credentials> {
    const credentials = newCredentials()
    const { user } = expectOk(await this.signUp(credentials))
    const opened = await (kind === 'login' ? this.logIn(credentials) : this.issuePair(user.guid))
    return { ...credentials, ...expectOk(opened) }
  }

  #sendRefreshToken(
    path: string,
    kind: SessionKind,
    tokens: Tokens,
    headers: Record<string, string> = {},
    more: object = {},
  ) {
    const { refresh_token } = tokens
    if (kind !== 'cookie') return this.#send({ method: 'POST', path, body: { refresh_token, ...more }, headers })
    return this.#send({ method: 'POST', path, body: more, headers: { ...headers, ...cookieWith(tokens) } })
  }

  #send(call: Call): Promise<Answer | null> {
    const { url, headers = () => ({}), cut = () => 'none' } = this.#options
    return send(
      new URL(call.path, url()),
      { ...call, headers: { ...headers(), ...call.headers } },
      cut(),
      this.#options,
    )
  }
}

export function newCredentials(): Credentials {
  return { email: `${randomUUID()}@example.com`, password: PASSWORD }
}

/** Returns the body of an answer. @throws unless it is 200 */
export function expectOk(answer: Answer | null): Answer['body'] {
  if (answer?.status === 200) return answer.body
  throw new Error(`A call was answered ${answer?.status ?? 'not at all'}: ${JSON.stringify(answer?.body)}`)
}

/** Reads the tokens of an answer, and their attempt. A cookie that is kept is not set again: `sent` is its token. */
export function tokensIn({ body, headers }: Pick<Answer, 'body' | 'headers'>, sent = ''): Tokens {
  const cookies = [headers['set-cookie'] ?? []].flat()
  const cookie = cookies.find((line) => line.startsWith(`${REFRESH_COOKIE}=`))
  const [inCookie, cookieAttempt] =
    cookie
      ?.slice(REFRESH_COOKIE.length + 1)
      .split(';')[0]
      ?.split('.') ?? []
  const attempt = cookieAttempt ?? headers['tessera-attempt']
  return {
    access_token: body.access_token,
    refresh_token: body.refresh_token ?? inCookie ?? sent,
    ...(typeof attempt === 'string' && { attempt }),
  }
}

/** Ends the connections that are kept alive; they would keep the process alive. */
export function closeConnections(): void {
  keptConnections.destroy()
}

function cookieWith({ refresh_token, attempt }: Tokens): Record<string, string> {
  return { cookie: `${REFRESH_COOKIE}=${refresh_token}${attempt === undefined ? '' : `.${attempt}`}` }
}

function bearer(token: string): Record<string, string> {
  return { authorization: `Bearer ${token}` }
}

function send(
  url: URL,
  { method, body, headers = {} }: Call,
  cut: Cut,
  { agent = keptConnections, timeoutMilliseconds = ANSWER_TIMEOUT_MILLISECONDS }: ApiOptions,
): Promise<Answer | null> {
  const text = body && JSON.stringify(body)
  const length = text && { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }
  const signal = AbortSignal.timeout(timeoutMilliseconds)
  return new Promise((resolve) => {
    const sending = request(url, { agent, method, headers: { ...headers, ...length }, signal }, (response) => {
      if (cut === 'answer') return void sending.destroy()
      const chunks: Buffer[] = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('error', () => resolve(null))
      response.on('end', () => {
        const received = Buffer.concat(chunks).toString()
        const isJson = response.headers['content-type']?.startsWith('application/json')
        const { statusCode: status = 0, headers } = response
        resolve({ status, headers, body: isJson ? JSON.parse(received) : received })
      })
    })
    sending.on('error', () => resolve(null))
    sending.on('close', () => resolve(null))
    if (cut === 'request' && text) {
      sending.write(text.slice(0, text.length / 2))
      setImmediate(() => sending.destroy())
    } else sending.end(text)
  })
}

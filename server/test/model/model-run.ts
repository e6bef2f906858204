import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import sql from 'sql-template-tag'
import { cleanUp } from '../../src/app/clean-up.ts'
import { disableUser, enableUser } from '../../src/auth/account/disable-user.ts'
import { type Answer, startServer, type TestServer } from '../support/server.ts'
import { decodeClaims, me, PASSWORD, signUp, type User } from '../support/users.ts'
import { type Presentation, ReferenceModel, type Session, type Token } from './reference-model.ts'

const COOKIE = '__Host-tessera_refresh'
const ORIGIN = { ip: '127.0.0.1', userAgent: null }

/** A server whose clock stands still until a step advances it, so that every limit is tested to the millisecond. */
export class Real {
  readonly databaseUrl: string
  readonly sessionAge: number
  server!: TestServer
  rotation = ''
  secrets: [string, ...string[]] = [randomUUID()]
  time = Date.now()

  constructor(databaseUrl: string, sessionAge: number) {
    this.databaseUrl = databaseUrl
    this.sessionAge = sessionAge
  }

  async start(rotation: string, secrets = this.secrets) {
    await this.server?.close()
    const [JWT_SECRET_KEY, ...previous] = secrets
    const settings = {
      JWT_SECRET_KEY,
      JWT_PREVIOUS_SECRET_KEYS: previous.join(),
      REFRESH_TOKEN_ROTATION: rotation,
      SESSION_MAX_AGE: String(this.sessionAge / 1000),
      LOG_LEVEL: 'fatal',
    }
    // Cancels the offset to PostgreSQL's clock, which the server measures repeatedly.
    const clock = () => this.time - (this.server?.ctx.db.clockOffsetMilliseconds() ?? 0)
    this.server = await startServer({ ...settings, DATABASE_URL: this.databaseUrl }, {}, clock)
    Object.assign(this, { rotation, secrets })
  }
}

export interface Access {
  text: string
  jti: unknown
  issuedWith: Token
  expires: number
}

/** The tokens that clients and a thief hold, and the model that predicts the answers. */
export class Run {
  readonly real: Real
  readonly model = new ReferenceModel()
  readonly users: User[] = []
  /** Presented texts by the id of the model's token. */
  readonly texts = new Map<number, string>()
  readonly tokens: Token[] = []
  readonly accesses: Access[] = []
  last: { token: Token; as: Presentation } | null = null
  stolen: Token | null = null
  backup: Session[] = []
  /** The kinds of audit events that must have been written. */
  readonly ended: string[] = []

  constructor(real: Real) {
    this.real = real
  }

  get server() {
    return this.real.server
  }

  /** Counts back from the newest session. */
  sessionAt(back: number): Session {
    return this.model.sessions.at(-1 - (back % this.model.sessions.length)) as Session
  }

  /** Counts back from the newest token that was returned in a session. */
  tokenAt({ back, older = 0 }: { back: number; older?: number }): Token {
    const session = this.sessionAt(back)
    const tokens = this.tokens.filter((token) => this.model.sessions[token.session] === session)
    return tokens.at(-1 - (older % tokens.length)) as Token
  }

  async signUp() {
    this.users.push(await signUp(this.server))
    this.model.users.push('enabled')
  }

  async begin(user: number, kind: Session['kind'], cookie: boolean) {
    const { email, guid } = this.users[user] as User
    const first = this.model.begin(user, kind, cookie)
    const answer =
      kind === 'pair'
        ? await this.server.post('/auth/token', { auth: { user_guid: guid } })
        : await this.server.post('/api/v1/auth/login', { email, password: PASSWORD, cookie })
    assert.equal(answer.status, first ? 200 : kind === 'pair' ? 404 : 401, answer.text)
    if (first) this.receive(answer, first)
  }

  async present(token: Token, as: Presentation) {
    this.last = { token, as }
    const { endedBy } = this.model.sessions[token.session] as Session
    const predicted = this.model.refresh(token, as)
    const after = this.model.sessions[token.session]?.endedBy
    if (!endedBy && after) this.ended.push(after === 'reuse' ? 'refresh_token_reused' : 'history_lost')
    const text = this.texts.get(token.id) ?? ''
    const access = as.half && this.accesses.findLast(({ issuedWith }) => issuedWith === as.half)
    const answer = await this.ask(text, as, access?.text ?? 'none')
    const { error } = answer.body
    const outcome = answer.status === 200 ? 'a token' : `${answer.status} ${error.message ?? error}`
    assert.equal(outcome, typeof predicted === 'string' ? `401 ${predicted}` : 'a token')
    if (typeof predicted === 'string') return
    const isKept = predicted.token.id === token.id
    if (isKept) assert.deepEqual(answer.headers.getSetCookie(), [])
    this.receive(answer, predicted.token, { ...predicted, kept: isKept ? text : undefined })
  }

  /**
   * Asserts that the answer has the predicted token, a known one repeated exactly or one never seen before, and an attempt
   * that was never seen before, unless the client keeps its token.
   */
  receive(answer: Answer, token: Token, as: { repeated?: boolean; kept?: string | undefined } = {}) {
    const { access_token, refresh_token } = answer.body
    const [fromCookie, cookieAttempt] =
      answer.headers.getSetCookie()[0]?.match(`^${COOKIE}=([^;]+)`)?.[1]?.split('.') ?? []
    const text = refresh_token ?? fromCookie ?? as.kept
    assert.ok(text, answer.text)
    const attempt = answer.headers.get('tessera-attempt') ?? cookieAttempt ?? null
    assert.equal(attempt === null, as.kept !== undefined, 'an attempt with every token but a kept one')
    if (attempt !== null) {
      assert.ok(/^[\w-]{43}$/.test(attempt) && !this.model.attempts.has(attempt), 'a new attempt')
      this.model.attempts.set(attempt, { token: token.id, made: this.model.now })
    }
    if (!this.texts.has(token.id)) {
      assert.ok(![...this.texts.values()].includes(text), 'an earlier token instead of a new one')
      this.texts.set(token.id, text)
      this.tokens.push(token)
    }
    assert.equal(text, this.texts.get(token.id), 'another token than predicted')
    const { jti } = decodeClaims(access_token)
    if (as.repeated) assert.equal(jti, this.accesses.findLast(({ issuedWith }) => issuedWith.id === token.id)?.jti)
    const wholeSeconds = (time: number) => Math.floor(time / 1000) * 1000
    const sessionEnd = this.model.sessions[token.session]?.end ?? 0
    const expires = Math.min(wholeSeconds(this.model.now) + 900_000, wholeSeconds(sessionEnd))
    this.accesses.push({ text: access_token, jti, issuedWith: token, expires })
  }

  ask(refresh_token: string, { endpoint, inCookie, key }: Presentation, access_token: string): Promise<Answer> {
    const headers: Record<string, string> = key === null ? {} : { 'idempotency-key': key }
    if (endpoint === 'pair')
      return this.server.post('/auth/refresh', { auth: { access_token, refresh_token } }, { headers })
    if (!inCookie) return this.server.post('/api/v1/auth/refresh', { refresh_token }, { headers })
    // A browser returns the attempt behind its token.
    const attempt = this.model.attempts.get(key ?? '')
    const isOwn = attempt !== undefined && this.texts.get(attempt.token) === refresh_token
    const cookie = `${COOKIE}=${refresh_token}${isOwn ? `.${key}` : ''}`
    return this.server.post('/api/v1/auth/refresh', {}, { headers: { ...(isOwn ? {} : headers), cookie } })
  }

  /** The attempts that were handed out with a token, oldest first. */
  attemptsOf({ id }: Token): string[] {
    return [...this.model.attempts].flatMap(([text, { token }]) => (token === id ? [text] : []))
  }

  /** Presents a token the way its client would. */
  asUsual(token: Token, key: string | null = null): Presentation {
    const { kind: endpoint, inCookie } = this.model.sessions[token.session] as Session
    return { endpoint, inCookie, key, half: token }
  }

  async me(access: Access) {
    const session = this.model.sessions[access.issuedWith.session] as Session
    const expected = this.model.now < access.expires && this.model.isActive(session) ? 200 : 401
    assert.equal((await me(this.server, access.text)).status, expected, 'me')
    return expected
  }

  async logOut(token: Token) {
    const session = this.model.sessions[token.session] as Session
    const expected = session.exists && !session.endedBy ? 200 : 401
    const answer = await this.server.post('/api/v1/auth/logout', { refresh_token: this.texts.get(token.id) })
    assert.equal(answer.status, expected, answer.text)
    if (expected === 200) session.endedBy = 'logout'
  }

  async disable(user: number, disabled: boolean) {
    if (this.model.users[user] === 'deleted') return
    const { id = 0 } = this.users[user] ?? {}
    await (disabled ? disableUser : enableUser)(this.server.ctx, { user: { id }, origin: ORIGIN })
    if (disabled && this.model.users[user] === 'enabled') {
      for (const session of this.sessionsOf(user)) if (this.model.isActive(session)) session.endedBy = 'disabled'
    }
    this.model.users[user] = disabled ? 'disabled' : 'enabled'
  }

  async delete(access: Access) {
    const session = this.model.sessions[access.issuedWith.session] as Session
    const expected = await this.me(access)
    const answer = await this.server.delete(`/api/v1/users/${this.users[session.user]?.guid}`, {
      bearer: access.text,
    })
    assert.equal(answer.status, expected === 200 ? 204 : 401, answer.text)
    if (expected !== 200) return
    this.model.users[session.user] = 'deleted'
    for (const each of this.sessionsOf(session.user)) each.exists = false
  }

  async cleanUp() {
    await cleanUp(this.server.ctx)
    for (const session of this.model.sessions) if (this.model.now >= session.end) session.exists = false
  }

  async backUp() {
    for (const old of [sql`delete from kept_sessions`, sql`delete from kept_tokens`]) await this.server.rows(old)
    await this.server.rows(sql`insert into kept_sessions select * from sessions`)
    await this.server.rows(sql`insert into kept_tokens select * from refresh_tokens`)
    this.backup = structuredClone(this.model.sessions)
  }

  sessionsOf(user: number): Session[] {
    return this.model.sessions.filter((session) => session.user === user)
  }

  /** Asserts that the database holds at most two tokens of a session, as the model predicts, and audited each end once. */
  async assertDatabase() {
    const rows = await this.server.rows<{ token: string; used_at: Date | null; expires_at: Date }>(
      sql`select token, used_at, expires_at from refresh_tokens`,
    )
    const stored = rows.map(
      ({ token, used_at, expires_at }) => `${token} ${used_at?.getTime()} ${expires_at.getTime()}`,
    )
    const kept = this.model.sessions.flatMap(({ exists, endedBy, tokens }) => {
      const lastUsed = tokens.findLastIndex(({ usedAt }) => usedAt !== null)
      return exists && endedBy !== 'logout' ? tokens.slice(Math.max(0, lastUsed)) : []
    })
    const expected = kept.map(({ id, usedAt, expires }) => {
      const selector = Buffer.from(this.texts.get(id) ?? '', 'base64url').toString('base64url', 0, 20)
      return `${selector} ${usedAt ?? undefined} ${expires}`
    })
    assert.deepEqual(stored.sort(), expected.sort())
    const audited = await this.server.rows<{ kind: string }>(
      sql`select kind from audit_events where kind in ('refresh_token_reused', 'history_lost') order by id`,
    )
    assert.deepEqual(
      audited.map(({ kind }) => kind),
      this.ended,
    )
  }
}

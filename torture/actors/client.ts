import { setTimeout as sleep } from 'node:timers/promises'
import {
  type Answer,
  Api,
  type Credentials,
  type LogoutScope,
  type SessionKind,
  type Tokens,
  tokensIn,
} from '../../harness/api.ts'
import { type Action, type Call, type EndAction, now, type Outcome } from '../history.ts'
import type { Random } from './random.ts'
import { readToken } from './token.ts'
import type { World } from './world.ts'

export interface User extends Credentials {
  id: number
  guid: string
}

export interface Session extends Tokens {
  user: User
  kind: SessionKind
}

/** The outcome of a call, with a value if it is ok. */
export type CallResult<Value> = { outcome: 'ok'; value: Value } | { outcome: Exclude<Outcome, 'ok'> }

export type RefreshInput = Session & {
  key: string | null
  /** The access token of another pair, to be sent instead of the session's own. */
  mixedWith?: string
  /** Another kind of session, whose way the token is sent in. */
  sentAs?: SessionKind
}

/** `endedBy` is the session on whose behalf another one is ended: a 401 concerns it, and no other answer does. */
type About = { action: Action; user: string; refresh?: string; endedBy?: string } & Partial<Call>

const END_ACTIONS: Record<Exclude<LogoutScope, 'session'>, EndAction> = { others: 'end_others', all: 'end_all' }

const MAX_TRIES = 1500

/** A client that calls any replica, loses some answers, and records what it knows of each call. */
export class Client {
  readonly world: World
  readonly name: string
  readonly random: Random
  address: string
  readonly #api: Api

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
    this.random = world.random.of(name)
    this.address = this.newAddress()
    this.#api = new Api({
      url: () => `http://127.0.0.1:${this.random.pick(world.ports)}`,
      serviceKey: world.settings.serviceKey,
      headers: () => ({ 'x-forwarded-for': this.address, 'user-agent': name }),
      cut: () => (this.random.percent(world.cutPercent) ? this.random.pick(['request', 'answer']) : 'none'),
    })
  }

  newAddress(): string {
    return `198.51.${Math.floor(this.random.between(0, 256))}.${Math.floor(this.random.between(1, 255))}`
  }

  pause(min: number, max: number): Promise<void> {
    return sleep(this.random.between(min, max))
  }

  /** Repeats a call until it is answered, as an app does on an unreliable network. */
  async retry<Value>(
    attempt: () => Promise<CallResult<Value>>,
  ): Promise<CallResult<Value> & { outcome: 'ok' | 'refused' }> {
    for (let tries = 0; tries < MAX_TRIES; tries++) {
      const result = await attempt()
      if (result.outcome !== 'unknown') return result as CallResult<Value> & { outcome: 'ok' | 'refused' }
      await this.pause(10, 150)
    }
    throw new Error(`${this.name} got no answer in ${MAX_TRIES} tries: see the logs of the servers`)
  }

  signUp(user: Credentials): Promise<CallResult<null>> {
    return this.#record(
      { action: 'sign_up', user: user.email },
      () => this.#api.signUp(user),
      () => null,
    )
  }

  /** @param cookie the session whose token is in the cookie that the browser sends along */
  logIn(
    { email, password }: Credentials,
    kind: 'login' | 'cookie',
    cookie: Tokens | null = null,
  ): Promise<CallResult<Session>> {
    const call = () => this.#api.logIn({ email, password }, kind, cookie)
    const replaced = cookie && readToken(cookie.refresh_token)
    return this.#record({ action: 'login', user: email, kind, replaced }, call, (answer) => {
      const { id, guid } = answer.body.user
      return { user: { email, password, id, guid }, kind, ...tokensIn(answer) }
    })
  }

  issue(user: User): Promise<CallResult<Session>> {
    const about: About = { action: 'issue', user: user.email, kind: 'pair' }
    return this.#record(
      about,
      () => this.#api.issuePair(user.guid),
      (answer) => {
        return { user, kind: 'pair', ...tokensIn(answer) }
      },
    )
  }

  refresh({ key, mixedWith, sentAs, ...session }: RefreshInput): Promise<CallResult<Tokens>> {
    const { kind, user, access_token, refresh_token: refresh } = session
    const { attempt } = session
    const tokens = { access_token: mixedWith ?? access_token, refresh_token: refresh, attempt }
    const call = () => this.#api.refresh(sentAs ?? kind, tokens, key)
    // The attempt in a cookie takes the place of a key.
    const sentKey = kind === 'cookie' ? (attempt ?? key) : key
    const way = { kind, key: sentKey, mixed: mixedWith !== undefined, sentAs: sentAs ?? null }
    const about: About = { action: 'refresh', user: user.email, ...way, refresh }
    return this.#record(about, call, (answer) => tokensIn(answer, refresh))
  }

  me({ user, ...tokens }: Session): Promise<CallResult<null>> {
    const { session } = readToken(tokens.refresh_token)
    return this.#record(
      { action: 'me', user: user.email, session },
      () => this.#api.me(tokens),
      () => null,
    )
  }

  logOut({ user, kind, ...tokens }: Session): Promise<CallResult<null>> {
    const about: About = { action: 'logout', user: user.email, kind, refresh: tokens.refresh_token }
    return this.#record(
      about,
      () => this.#api.logOut(kind, tokens),
      () => null,
    )
  }

  /** Ends another session of the user. */
  endSession({ user, ...tokens }: Session, other: Session): Promise<CallResult<null>> {
    const { session } = readToken(other.refresh_token)
    const endedBy = readToken(tokens.refresh_token).session
    return this.#record(
      { action: 'end_session', user: user.email, session, endedBy },
      () => this.#api.endSession(session, tokens),
      () => null,
    )
  }

  /** Ends the other sessions of the user or all, with the access token of one. */
  endSessions({ user, ...tokens }: Session, scope: Exclude<LogoutScope, 'session'>): Promise<CallResult<null>> {
    const { session } = readToken(tokens.refresh_token)
    return this.#record(
      { action: END_ACTIONS[scope], user: user.email, session },
      () => this.#api.endSessions(scope, tokens),
      () => null,
    )
  }

  /** Ends them by a logout, with the refresh token. */
  logOutWith({ user, kind, ...tokens }: Session, scope: Exclude<LogoutScope, 'session'>): Promise<CallResult<null>> {
    const about: About = { action: END_ACTIONS[scope], user: user.email, kind, refresh: tokens.refresh_token }
    return this.#record(
      about,
      () => this.#api.logOut(kind, tokens, scope),
      () => null,
    )
  }

  /** Asks for the mail that sets a new password. */
  forgotPassword({ email }: Credentials): Promise<CallResult<null>> {
    return this.#record(
      { action: 'forgot_password', user: email },
      () => this.#api.forgotPassword(email),
      () => null,
    )
  }

  /** @param token of the link in the mail */
  resetPassword({ email }: Credentials, token: string): Promise<CallResult<null>> {
    const password = this.random.name()
    return this.#record(
      { action: 'reset_password', user: email },
      () => this.#api.resetPassword(token, password),
      () => null,
    )
  }

  delete({ user, ...tokens }: Session): Promise<CallResult<null>> {
    const about: About = { action: 'delete', user: user.email }
    return this.#record(
      about,
      () => this.#api.deleteUser(user.id, tokens),
      () => null,
    )
  }

  async #record<Value>(
    { refresh, endedBy, ...about }: About,
    call: () => Promise<Answer | null>,
    read: (answer: Answer) => Value,
  ): Promise<CallResult<Value>> {
    const { world, name: actor, address } = this
    const presented = refresh === undefined ? null : readToken(refresh)
    const startedAt = now()
    const answer = await call()
    const outcome = outcomeOf(answer)
    const value = outcome === 'ok' && answer ? read(answer) : null
    const tokens = value as Partial<Tokens> | null
    const received = tokens?.refresh_token === undefined ? null : readToken(tokens.refresh_token)
    const status = answer?.status ?? null
    const concerned = status === 401 && endedBy !== undefined ? endedBy : about.session
    const session = concerned ?? (presented ?? received)?.session ?? null
    const defaults = { replaced: null, key: null, kind: null, mixed: false, sentAs: null, actor, address }
    world.history.record({
      ...defaults,
      ...about,
      session,
      presented,
      startedAt,
      endedAt: now(),
      outcome,
      status,
      received,
    })
    return outcome === 'ok' ? { outcome, value: value as Value } : { outcome }
  }
}

function outcomeOf(answer: Answer | null): Outcome {
  if (!answer || answer.status >= 500) return 'unknown'
  return answer.status < 300 ? 'ok' : 'refused'
}

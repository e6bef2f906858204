import { setTimeout as sleep } from 'node:timers/promises'
import { type Answer, ask, type Cut, type Question } from '../../harness/api.ts'
import { type Action, type Call, now, type Outcome } from '../history.ts'
import type { Random } from './random.ts'
import { readToken } from './token.ts'
import { NoAnswer, type World } from './world.ts'

export interface Credentials {
  email: string
  password: string
}

export interface Person extends Credentials {
  id: number
  guid: string
}

export interface Tokens {
  access: string
  refresh: string
}

export interface Session extends Tokens {
  person: Person
  carrier: NonNullable<Call['carrier']>
}

/** An outcome, and what came with it if it was ok. */
export type Tried<Value> = { outcome: 'ok'; value: Value } | { outcome: Exclude<Outcome, 'ok'> }

export type Refreshing = Session & { key: string | null; mixedWith?: string }

const COOKIE = '__Host-tessera_refresh'
const MOST_TRIES = 1500

/** One client of the service: calls any replica, loses answers, and writes down what it knows of each call. */
export class Client {
  readonly world: World
  readonly name: string
  readonly random: Random
  address: string

  constructor(world: World, name: string) {
    this.world = world
    this.name = name
    this.random = world.random.of(name)
    this.address = this.newAddress()
  }

  newAddress(): string {
    return `198.51.${Math.floor(this.random.between(0, 256))}.${Math.floor(this.random.between(1, 255))}`
  }

  pause(least: number, most: number): Promise<void> {
    return sleep(this.random.between(least, most))
  }

  /** Repeats until there is an answer, as apps do whose network comes and goes. */
  async insist<Value>(attempt: () => Promise<Tried<Value>>): Promise<Tried<Value> & { outcome: 'ok' | 'refused' }> {
    for (let tries = 0; tries < MOST_TRIES; tries++) {
      const tried = await attempt()
      if (tried.outcome !== 'unknown') return tried as Tried<Value> & { outcome: 'ok' | 'refused' }
      await this.pause(10, 150)
    }
    throw new NoAnswer(`${this.name} found no answer in ${MOST_TRIES} tries`)
  }

  signUp({ email, password }: Credentials): Promise<Tried<null>> {
    return this.#call(
      { action: 'sign_up', person: email },
      { method: 'POST', path: '/api/v1/users/sign_up', body: { user: { email, password } } },
      () => null,
    )
  }

  logIn({ email, password }: Credentials, carrier: 'body' | 'cookie'): Promise<Tried<Session>> {
    return this.#call(
      { action: 'login', person: email, carrier },
      { method: 'POST', path: '/api/v1/auth/login', body: { email, password, cookie: carrier === 'cookie' } },
      (answer) => ({
        person: { email, password, id: answer.body.user.id, guid: answer.body.user.guid },
        carrier,
        access: answer.body.access_token,
        refresh: refreshTokenOf(answer) ?? '',
      }),
    )
  }

  issue(person: Person): Promise<Tried<Session>> {
    return this.#call(
      { action: 'issue', person: person.email, carrier: 'pair' },
      {
        method: 'POST',
        path: '/auth/token',
        body: { auth: { user_guid: person.guid } },
        headers: { authorization: `Bearer ${this.world.settings.serviceKey}` },
      },
      ({ body }) => ({ person, carrier: 'pair', access: body.access_token, refresh: body.refresh_token }),
    )
  }

  refresh({ key, mixedWith, ...session }: Refreshing): Promise<Tried<Tokens>> {
    const { carrier, person, access, refresh } = session
    const about = { action: 'refresh', person: person.email, carrier, key, mixed: mixedWith !== undefined } as const
    const keyed: Record<string, string> = key === null ? {} : { 'idempotency-key': key }
    const ways = {
      body: { path: '/api/v1/auth/refresh', body: { refresh_token: refresh }, headers: keyed },
      cookie: { path: '/api/v1/auth/refresh', body: {}, headers: { ...keyed, cookie: `${COOKIE}=${refresh}` } },
      pair: {
        path: '/auth/refresh',
        body: { auth: { access_token: mixedWith ?? access, refresh_token: refresh } },
        headers: keyed,
      },
    }
    return this.#call({ ...about, refresh }, { method: 'POST', ...ways[carrier] }, (answer) => ({
      access: answer.body.access_token,
      refresh: refreshTokenOf(answer) ?? refresh, // a cookie that is kept is not set again
    }))
  }

  me({ person, access, refresh }: Session): Promise<Tried<null>> {
    return this.#call(
      { action: 'me', person: person.email, session: readToken(refresh).session },
      { method: 'GET', path: '/api/v1/auth/me', headers: { authorization: `Bearer ${access}` } },
      () => null,
    )
  }

  logOut({ person, carrier, refresh }: Session): Promise<Tried<null>> {
    const cookie = carrier === 'cookie'
    return this.#call(
      { action: 'logout', person: person.email, carrier, refresh },
      {
        method: 'POST',
        path: '/api/v1/auth/logout',
        body: cookie ? {} : { refresh_token: refresh },
        headers: cookie ? { cookie: `${COOKIE}=${refresh}` } : {},
      },
      () => null,
    )
  }

  delete({ person, access }: Session): Promise<Tried<null>> {
    return this.#call(
      { action: 'delete', person: person.email },
      { method: 'DELETE', path: `/api/v1/users/${person.id}`, headers: { authorization: `Bearer ${access}` } },
      () => null,
    )
  }

  async #call<Value>(
    about: { action: Action; person: string; refresh?: string } & Partial<Call>,
    question: Partial<Question> & Pick<Question, 'method' | 'path'>,
    read: (answer: Answer) => Value,
  ): Promise<Tried<Value>> {
    const { world, address } = this
    const { refresh, ...rest } = about
    const presented = refresh === undefined ? null : readToken(refresh)
    const headers = { 'x-forwarded-for': address, 'user-agent': this.name, ...question.headers }
    const begun = now()
    const answer = await ask(this.random.pick(world.ports), { body: null, ...question, headers, cut: this.#cut() })
    const outcome = outcomeOf(answer)
    const value = outcome === 'ok' && answer ? read(answer) : null
    const tokens = value as Partial<Tokens> | null
    const received = tokens?.refresh === undefined ? null : readToken(tokens.refresh)
    const session = about.session ?? (presented ?? received)?.session ?? null
    const status = answer?.status ?? null
    const unsaid = { key: null, carrier: null, mixed: false, actor: this.name, address }
    world.history.record({ ...unsaid, ...rest, session, presented, begun, ended: now(), outcome, status, received })
    return outcome === 'ok' ? { outcome, value: value as Value } : { outcome }
  }

  #cut(): Cut {
    if (!this.random.percent(this.world.cutPercent)) return 'none'
    return this.random.pick(['request', 'answer'])
  }
}

function outcomeOf(answer: Answer | null): Outcome {
  if (!answer || answer.status >= 500) return 'unknown'
  return answer.status < 300 ? 'ok' : 'refused'
}

/** In the body, or in the cookie that takes its place. */
function refreshTokenOf({ body, headers }: Answer): string | undefined {
  const cookies = [headers['set-cookie'] ?? []].flat()
  const cookie = cookies.find((line) => line.startsWith(`${COOKIE}=`))
  return body.refresh_token ?? cookie?.slice(COOKIE.length + 1).split(';')[0]
}

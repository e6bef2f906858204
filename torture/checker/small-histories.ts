import type { Call } from '../history.ts'
import { check } from './check.ts'
import type { Evidence, Snapshot } from './evidence.ts'

// The checker's own tests use these histories, which are small enough to be judged by eye.

export const WINDOW = 5000
export const settings = {
  replayWindowMilliseconds: WINDOW,
  keptMilliseconds: WINDOW,
  sessionMaxAgeMilliseconds: 120_000,
  accessTokenMilliseconds: 60_000,
  serviceKey: 'key',
}
export const ANN = 'ann@example.com'
export const token = (generation: number, fingerprint = `T${generation}`) => ({
  session: 's1',
  generation,
  fingerprint,
})

/** Makes a call that took 10 ms. */
export function call(at: number, fields: Partial<Call>): Call {
  return {
    actor: 'ann',
    action: 'refresh',
    user: ANN,
    session: 's1',
    presented: null,
    replaced: null,
    key: null,
    kind: 'login',
    mixed: false,
    sentAs: null,
    address: '198.51.100.1',
    startedAt: at,
    endedAt: at + 10,
    outcome: 'ok',
    status: 200,
    received: null,
    ...fields,
  }
}
export const signUp = call(0, { action: 'sign_up', session: null, kind: null })
export const logIn = call(20, { action: 'login', received: token(0) })
/** Makes a login with a cookie that replaces the one of the first session. */
export const logInAgain = (at: number, fields: Partial<Call> = {}) =>
  call(at, { action: 'login', kind: 'cookie', session: 's2', replaced: token(4), received: otherToken(0), ...fields })
export const unknownUser = { user: 'none', session: null, received: null, outcome: 'refused', status: 401 } as const
export const rotate = (at: number, from: number, fields: Partial<Call> = {}) =>
  call(at, { presented: token(from), received: token(from + 1), ...fields })
export const refused = (at: number, from: number, fields: Partial<Call> = {}) =>
  call(at, { presented: token(from), outcome: 'refused', status: 401, ...fields })
export const unanswered = (at: number, from: number, fields: Partial<Call> = {}) =>
  call(at, { presented: token(from), outcome: 'unknown', status: null, ...fields })
export const last = rotate(100_010, 3)
/** A session that was refreshed four times, the last time after the last fault. */
export const uneventful = [signUp, logIn, rotate(100, 0), rotate(200, 1), rotate(300, 2), last]
export const uneventfulInCookie = uneventful.map((each) =>
  each === signUp ? each : { ...each, kind: 'cookie' as const },
)

export function snapshot(fields: Partial<Snapshot> = {}): Snapshot {
  return {
    sessions: [{ id: 's1', email: ANN, kind: 'login', revoke_reason: null }],
    tokens: [
      { session_id: 's1', generation: 3, used: true },
      { session_id: 's1', generation: 4, used: false },
    ],
    mails: [],
    ...fields,
  }
}
export const ended = (revoke_reason: string) => ({ sessions: [{ id: 's1', email: ANN, kind: 'login', revoke_reason }] })
export const mail = (kind: string, data: object, dedupe_key = 'd') => ({
  kind,
  email: ANN,
  data: { ...data },
  dedupe_key,
  sent: true,
  leased: false,
  dropped: false,
})
export const reuseMail = mail('refresh_token_reused', { session_id: 's1' })
export const networkMail = (network: string) => mail('address_changed', { session_id: 's1', network }, network)

export function violated(calls: readonly Call[], fields: Partial<Evidence> = {}): string[] {
  const evidence = {
    settings,
    calls,
    final: snapshot(),
    snapshots: [],
    deliveries: new Map(),
    bugs: [],
    healedAt: 100_000,
    readAt: 100_100,
  }
  return [...new Set(check({ ...evidence, ...fields }).map(({ invariant }) => invariant))]
}
export const delivered = (...copies: number[]) =>
  new Map(copies.map((count, index) => [`<${index}>`, { copies: count, to: ANN }] as const))

const otherToken = (generation: number) => ({ session: 's2', generation, fingerprint: `U${generation}` })
export const otherUser = call(100_010, { session: 's2', presented: otherToken(0), received: otherToken(1) })

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Noted } from '../../auth/context/context.ts'
import type { CounterLabels, CounterName } from '../../observe/metric-definitions.ts'
import type { Metrics } from '../../observe/metrics.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Facts that the rules found out about the request; null before there are any. */
    noted: Noted | null
  }
}

type Labels<Name extends CounterName> = CounterLabels<Name>

/** The endpoints that refresh, by the kind of their sessions. */
const REFRESHES = new Map<string, Labels<'tessera_refreshes_total'>['kind']>([
  ['/api/v1/auth/refresh', 'login'],
  ['/oauth/token', 'login'],
  ['/auth/refresh', 'pair'],
])

/** The endpoints of logins, by the way in which the user authenticates. */
const LOGINS = new Map<string, Labels<'tessera_logins_total'>['method']>([
  ['/api/v1/auth/login', 'password'],
  ['/api/v1/auth/login/email', 'mail'],
  ['/api/v1/auth/login/verify', 'mail'],
  ['/auth/token', 'service'],
])

/** Adds what the rules say about a request to what they said before. */
export function noteOn(request: FastifyRequest): (noted: Noted) => void {
  return (noted) => {
    request.noted = { ...request.noted, ...noted }
  }
}

/** Returns what came of a refresh or a login: whatever the rules decided, a client that got a 503 got nothing. */
export function outcomeOf(request: FastifyRequest, { statusCode }: FastifyReply): Noted['outcome'] | null {
  const route = request.method === 'POST' ? (request.routeOptions.url ?? '') : ''
  const isLogin = LOGINS.has(route)
  if (!isLogin && !REFRESHES.has(route)) return null
  if (statusCode === 503) return 'busy'
  if (isLogin && statusCode === 429) return 'limited'
  return request.noted?.outcome ?? null
}

/** Counts an answered refresh or login, once. One that presents no token, or that a limit refused, is no refresh. */
export function countOutcome(metrics: Metrics, request: FastifyRequest, reply: FastifyReply): void {
  const outcome = outcomeOf(request, reply)
  if (outcome == null) return
  const route = request.routeOptions.url ?? ''
  const method = LOGINS.get(route)
  if (method) {
    metrics.count('tessera_logins_total', { method, outcome } as Labels<'tessera_logins_total'>)
    return
  }
  const isGenuine = request.noted?.sessionId !== undefined || outcome === 'busy'
  const kind = isGenuine ? REFRESHES.get(route) : 'unknown'
  metrics.count('tessera_refreshes_total', { kind, outcome } as Labels<'tessera_refreshes_total'>)
}

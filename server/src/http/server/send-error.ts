import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { AuthError } from '../../auth/context/auth-error.ts'
import { readLimitKey } from '../../auth/limit/limit-keys.ts'
import { RateLimited } from '../../auth/limit/rate-limited.ts'
import type { NotableRefusal } from '../../auth/notice/record-refusal.ts'
import type { Log } from '../../observe/log.ts'
import { onceASecond } from '../../observe/sampled.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { answerTo, internalError } from '../contract/answer.ts'
import type { Contract } from '../contract/contract.ts'
import { InvalidBody, toInvalidBody } from '../contract/invalid-body.ts'
import { isOAuthPath, oauth } from '../contract/oauth.ts'
import { Refusal, ServiceKeyRefused } from '../contract/refusal.ts'
import { standard } from '../contract/standard.ts'
import { isTokenPairPath, tokenPairs } from '../contract/token-pairs.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { sendNotFoundPage, wantsNotFoundPage } from '../pages/not-found-page.ts'
import { markClosing } from './broken-request.ts'
import { requestPath } from './request-log.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The contract of the route; unset for paths without a route. */
    contract?: Contract | undefined
  }
}

/** Sends any error in the format of the route's contract, and logs those that an operator should know about. */
export function sendError(
  { log, edge }: Pick<HttpContext, 'log' | 'edge'>,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const contract = request.routeOptions.config?.contract ?? contractOfUnknownPath(requestPath(request))
  const answer = answerTo(error.validation ? toInvalidBody(error.validation) : error, contract)
  if (!answer) log.error({ requestId: request.id, err: error }, 'a request failed')
  // A full pool gets no line of its own: the request's line shows the 503, and a second one would help a flood.
  if (answer?.status === 503 && error instanceof Unavailable) logUnavailable(log, error, request.id)
  const { status, headers, body } = answer ?? internalError(contract)
  if (status < 500) request.refusal = reasonOf(error)
  if (status === 404 && wantsNotFoundPage(request)) return sendNotFoundPage(edge, request, reply)
  if (headers['connection'] === 'close') markClosing(request.raw.socket)
  return reply
    .code(status)
    .headers(headers)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(body)
}

const outageLogs = new WeakMap<Log, (fields: object) => void>()

/** An outage rejects every request: one line a second, with the number of those that were left out, says as much. */
function outageLog(log: Log): (fields: object) => void {
  const known = outageLogs.get(log)
  if (known) return known
  const report = onceASecond((fields) => log.warn(fields, 'a request was rejected: the database is unavailable'))
  outageLogs.set(log, report)
  return report
}

function logUnavailable(log: Log, { message: reason, isDamaged }: Unavailable, requestId: string): void {
  if (isDamaged) log.error({ requestId, reason }, 'the database is damaged: stop the server and restore a backup')
  else outageLog(log)({ requestId, reason })
}

/** Returns why a request was refused, for the log: never in words of the client. */
function reasonOf(error: FastifyError): string {
  if (error instanceof AuthError) return error.code
  if (error instanceof RateLimited) return `limit reached: ${countedBy(error)}`
  const invalid = error.validation ? toInvalidBody(error.validation) : error
  if (invalid instanceof Refusal) return invalid.message
  // The messages of the framework quote the request.
  if (!(invalid instanceof InvalidBody)) return error.code ?? 'the request cannot be read'
  return Object.entries(invalid.errors)
    .map(([field, sentences]) => `${field} ${sentences.join(', ')}`)
    .join('; ')
}

function countedBy({ key, limit }: RateLimited): string {
  return readLimitKey(key)?.counts ?? `requests: ${limit}`
}

/** Returns what the audit should know of a refused request; null for most. */
export function notableRefusal(error: Error): NotableRefusal | null {
  if (error instanceof RateLimited) return { kind: 'limit_reached', details: { limit: countedBy(error) } }
  if (error instanceof ServiceKeyRefused) return error.isWrong ? { kind: 'service_key_refused', details: {} } : null
  if (error instanceof Refusal && error.code === 'insufficient_scope')
    return { kind: 'service_key_refused', details: { scope: String(error.details['scope']) } }
  if (error instanceof Refusal && error.code === 'cross_site') return { kind: 'cross_site_refused', details: {} }
  return null
}

function contractOfUnknownPath(path: string): Contract {
  if (isOAuthPath(path)) return oauth
  return isTokenPairPath(path) ? tokenPairs : standard
}

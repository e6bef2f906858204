import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { HashPoolFull } from '../../crypto/hash-pool.ts'
import { answerTo, internalError } from '../contract/answer.ts'
import type { Contract } from '../contract/contract.ts'
import { toInvalidBody } from '../contract/invalid-body.ts'
import { standard } from '../contract/standard.ts'
import { isTokenPairPath, tokenPairs } from '../contract/token-pairs.ts'
import type { HttpContext } from '../endpoint/http-context.ts'
import { requestPath } from './request-log.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /** The contract of the route; paths without a route have none. */
    contract?: Contract | undefined
  }
}

/** The one way out for errors: in the words of the route's contract, with a line in the log where an operator should know. */
export function sendError(
  { log }: Pick<HttpContext, 'log'>,
  error: FastifyError,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const contract = request.routeOptions.config?.contract ?? contractOfUnknownPath(requestPath(request))
  const answer = answerTo(error.validation ? toInvalidBody(error.validation) : error, contract)
  if (!answer) log.error({ requestId: request.id, err: error }, 'a request failed')
  // The line of the request tells of a full lane, too: two lines for each would help a flood.
  if (answer?.status === 503 && !(error instanceof HashPoolFull))
    log.warn({ requestId: request.id, reason: error.message }, 'a request was turned away')
  const { status, headers, body } = answer ?? internalError(contract)
  return reply
    .code(status)
    .headers(headers)
    .type('application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(body)
}

function contractOfUnknownPath(path: string): Contract {
  return isTokenPairPath(path) ? tokenPairs : standard
}

import type { FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

/** Whether the client prefers HTML to JSON: browsers do, and programs that accept anything get JSON. */
export function wantsHtml(request: FastifyRequest): boolean {
  return new Negotiator(request.raw).mediaType(['application/json', 'text/html']) === 'text/html'
}

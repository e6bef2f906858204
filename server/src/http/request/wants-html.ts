import type { FastifyRequest } from 'fastify'
import Negotiator from 'negotiator'

/** Whether a page is wanted rather than JSON: a browser says so, a program that takes anything does not. */
export function wantsHtml(request: FastifyRequest): boolean {
  return new Negotiator(request.raw).mediaType(['application/json', 'text/html']) === 'text/html'
}

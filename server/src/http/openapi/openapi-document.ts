import { endpoint, type TokenPlace } from '../endpoint/endpoint.ts'
import { Type } from '../endpoint/schema.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The OpenAPI description for one kind of clients, without the address of the server; built on the first request. */
    openapi: (place: TokenPlace) => object
  }
}

/**
 * `GET /openapi.json`, with the address that clients reach the server at: tools need an absolute one. With `?tokens=cookie`, and
 * always in cookie mode, it is for pages that have their refresh token in a cookie.
 */
export const openapiDocument = endpoint({
  about: null,
  responses: { 200: Type.Any() },
  async handle({ edge }, request, reply) {
    const reached = request.host ? `${request.isSecure ? 'https' : 'http'}://${request.host}` : '/'
    const url = edge.publicOrigin ?? reached
    const { tokens } = request.query as { tokens?: unknown }
    const place = edge.cookieMode || tokens === 'cookie' ? 'cookie' : 'body'
    const document = { ...request.server.openapi(place), servers: [{ url }] }
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(document))
  },
})

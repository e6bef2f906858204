import { Type } from 'typebox'
import { endpoint } from '../endpoint/endpoint.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The OpenAPI description without the address of the server, built on the first request. */
    openapi: () => object
  }
}

/** `GET /openapi.json`, with the address that clients reach the server at: tools need an absolute one. */
export const openapiDocument = endpoint({
  about: null,
  responses: { 200: Type.Any() },
  async handle({ edge }, request, reply) {
    const reached = request.host ? `${request.isSecure ? 'https' : 'http'}://${request.host}` : '/'
    const url = edge.publicOrigin ?? reached
    const document = { ...request.server.openapi(), servers: [{ url }] }
    return reply.type('application/json; charset=utf-8').send(JSON.stringify(document))
  },
})

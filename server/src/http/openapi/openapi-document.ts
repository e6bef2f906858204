import { Type } from 'typebox'
import { endpoint } from '../endpoint/endpoint.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** The OpenAPI description as JSON, built on the first request. */
    openapi: () => string
  }
}

/** `GET /openapi.json` */
export const openapiDocument = endpoint({
  about: null,
  responses: { 200: Type.Any() },
  handle: async (_ctx, request, reply) => reply.type('application/json; charset=utf-8').send(request.server.openapi()),
})

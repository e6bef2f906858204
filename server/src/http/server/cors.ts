import type { FastifyInstance } from 'fastify'
import type { EdgeSettings } from '../endpoint/http-context.ts'

/**
 * Lets pages of allowed origins call from a browser; they may send every header that they ask for. Other origins get
 * no CORS headers, and their `OPTIONS` is an ordinary request. Registered after the server's own hooks, which see
 * preflights, too.
 */
export function allowOrigins(server: FastifyInstance, { allowsOrigin, allowsPages }: EdgeSettings): void {
  if (!allowsPages) return
  server.register(import('@fastify/cors'), {
    origin: (origin: string | undefined, done: (error: null, isAllowed: boolean) => void) =>
      done(null, origin !== undefined && allowsOrigin(origin)),
    credentials: true,
    methods: ['GET', 'POST', 'DELETE'],
    exposedHeaders: ['retry-after', 'tessera-attempt', 'www-authenticate', 'x-request-id'],
    maxAge: 600,
    strictPreflight: false,
  })
}

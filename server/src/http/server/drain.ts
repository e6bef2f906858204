import { once } from 'node:events'
import { Server as NetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

const SWEEP_INTERVAL_MILLISECONDS = 50

/** Closes each connection after its next answer, while new ones are still accepted. */
export function closeAfterAnswers({ server }: FastifyInstance): void {
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
}

/**
 * Closes the server's connections without failing a request. It first accepts, for a moment, connections that are just
 * being made, then stops listening. Each kept-alive connection is closed after its next response, and the grace period
 * leaves time for one: Node's own `close` would reset connections whose next request is already on its way.
 *
 * @param graceMilliseconds how long idle connections may stay open
 */
export async function drain(fastify: FastifyInstance, graceMilliseconds: number): Promise<void> {
  const { server } = fastify
  if (!server.listening) return
  if (graceMilliseconds > 0) await sleep(SWEEP_INTERVAL_MILLISECONDS)
  closeAfterAnswers(fastify)
  const closed = once(server, 'close')
  NetServer.prototype.close.call(server)
  // Do not wait longer than that for headers or bodies, nor for connections that never sent a byte.
  server.headersTimeout = server.requestTimeout = Math.max(1, graceMilliseconds)
  const graceEnd = performance.now() + graceMilliseconds
  const sweep = setInterval(() => {
    if (performance.now() >= graceEnd) server.closeIdleConnections()
  }, SWEEP_INTERVAL_MILLISECONDS)
  if (graceMilliseconds === 0) server.closeIdleConnections()
  await closed
  clearInterval(sweep)
}

import { once } from 'node:events'
import { Server as NetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'

const SWEEP_MILLISECONDS = 50

/**
 * Ends the server's connections without failing a request. It stops listening, a moment after what was just connecting
 * was let in. Kept-alive connections are then closed after their next answer, for which the grace leaves them time: Node's
 * own `close` would reset those whose request is on its way.
 *
 * @param graceMilliseconds at most so long are connections without a request left open
 */
export async function drain({ server }: FastifyInstance, graceMilliseconds: number): Promise<void> {
  if (!server.listening) return
  if (graceMilliseconds > 0) await sleep(SWEEP_MILLISECONDS)
  const closed = once(server, 'close')
  NetServer.prototype.close.call(server)
  // Heads and bodies that do not arrive by then are not waited for, nor connections that never sent a byte.
  server.headersTimeout = server.requestTimeout = Math.max(1, graceMilliseconds)
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
  const graceEnd = performance.now() + graceMilliseconds
  const sweep = setInterval(() => {
    if (performance.now() >= graceEnd) server.closeIdleConnections()
  }, SWEEP_MILLISECONDS)
  if (graceMilliseconds === 0) server.closeIdleConnections()
  await closed
  clearInterval(sweep)
}

import { once } from 'node:events'
import type { Server } from 'node:http'
import { Server as NetServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'

const SWEEP_MILLISECONDS = 50

/**
 * Ends the server's connections without failing a request. While the grace lasts, what is on its way, on a kept-alive
 * connection or in the listener's queue, is still served, each connection being closed after its answer; Node's own
 * `close` would reset them. Then it stops listening and waits for what is under way.
 *
 * @param graceMilliseconds at most so long; no longer than there are connections
 */
export async function drain({ server }: FastifyInstance, graceMilliseconds: number): Promise<void> {
  if (!server.listening) return
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
  const graceEnd = performance.now() + graceMilliseconds
  while (performance.now() < graceEnd) {
    await sleep(SWEEP_MILLISECONDS)
    if ((await countConnections(server)) === 0) break
  }
  const closed = once(server, 'close')
  NetServer.prototype.close.call(server)
  server.closeIdleConnections()
  const sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MILLISECONDS)
  await closed
  clearInterval(sweep)
}

function countConnections(server: Server): Promise<number> {
  return promisify(server.getConnections.bind(server))()
}

import { once } from 'node:events'
import { Server as NetServer } from 'node:net'
import type { FastifyInstance } from 'fastify'

const SWEEP_MILLISECONDS = 50

/**
 * Stops listening and waits until every connection is done. A request that is under way on a kept-alive connection when
 * the stop begins is still read and served, its connection closed after it; Node's own `close` would reset it.
 *
 * @param idleGraceMilliseconds how long connections without a request are left open for one that is on its way
 */
export async function drain({ server }: FastifyInstance, idleGraceMilliseconds: number): Promise<void> {
  if (!server.listening) return
  server.prependListener('request', (_request, response) => response.setHeader('connection', 'close'))
  const closed = once(server, 'close')
  NetServer.prototype.close.call(server)
  let sweep: NodeJS.Timeout | undefined
  const grace = setTimeout(() => {
    server.closeIdleConnections()
    sweep = setInterval(() => server.closeIdleConnections(), SWEEP_MILLISECONDS)
  }, idleGraceMilliseconds)
  await closed
  clearTimeout(grace)
  clearInterval(sweep)
}

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { after } from 'node:test'

export interface DatabaseProxy {
  url: string
  /** `open` forwards, `refuse` ends connections and takes no new ones, `stall` takes them and forwards nothing. */
  mode: 'open' | 'refuse' | 'stall'
  /** Of the answers to come, this one (1 is the next) is not forwarded: its connection ends instead. */
  loseAnswer: number | null
  /** Ends every connection there is. */
  cut(): void
}

/** A way to PostgreSQL that can be broken from outside. */
export async function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  const target = new URL(databaseUrl)
  const sockets = new Set<Socket>()
  const server = createServer((inner) => {
    if (proxy.mode === 'refuse') return void inner.resetAndDestroy()
    const outer = connect(Number(target.port || 5432), target.hostname)
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      sockets.add(from)
      from.on('data', (chunk) => {
        if (from === outer && proxy.loseAnswer !== null && --proxy.loseAnswer === 0) {
          proxy.loseAnswer = null
          inner.resetAndDestroy()
        } else if (proxy.mode === 'open') to.write(chunk)
      })
      from.on('error', () => {})
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = new URL(databaseUrl)
  url.host = `127.0.0.1:${(server.address() as { port: number }).port}`
  const cut = () => {
    for (const socket of sockets) socket.resetAndDestroy()
  }
  after(() => {
    cut()
    server.close()
  })
  const proxy: DatabaseProxy = { url: url.href, mode: 'open', loseAnswer: null, cut }
  return proxy
}

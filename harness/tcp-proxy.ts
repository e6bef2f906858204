import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

/** A way to a port of this machine that can be led elsewhere, held up and cut. */
export class TcpProxy {
  /** Where new connections lead. */
  target: number
  #port = 0
  #held = false
  readonly #sockets = new Set<Socket>()

  static async start(target: number): Promise<TcpProxy> {
    const proxy = new TcpProxy(target)
    const server = createServer((inner) => proxy.#join(inner)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    server.unref()
    proxy.#port = (server.address() as { port: number }).port
    return proxy
  }

  private constructor(target: number) {
    this.target = target
  }

  get port(): number {
    return this.#port
  }

  /** Forwards nothing until the next cut; senders notice nothing of it. */
  hold(): void {
    this.#held = true
    for (const socket of this.#sockets) socket.pause()
  }

  /** Ends every connection there is; what was held is lost. */
  cut(): void {
    this.#held = false
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  #join(inner: Socket): void {
    const outer = connect(this.target, '127.0.0.1')
    for (const [from, to] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(from)
      from.setNoDelay(true)
      from.on('error', () => {}) // `close` follows
      from.on('close', () => {
        this.#sockets.delete(from)
        to.destroy()
      })
      from.on('data', (chunk) => to.write(chunk))
      if (this.#held) from.pause()
    }
  }
}

import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'

export interface Target {
  /** This machine by default. */
  host?: string
  port: number
}

/** Looks at what passes through one connection. Each function returns whether the chunk is forwarded. */
export interface Interceptor {
  request?(chunk: Buffer): boolean
  answer?(chunk: Buffer): boolean
}

/** A proxy of a TCP server that can be pointed elsewhere, stalled and cut. */
export class TcpProxy {
  /** Where new connections lead. */
  target: Target
  /** `refuse` resets new connections; `stall` accepts them and forwards nothing, in either direction. */
  mode: 'open' | 'refuse' | 'stall' = 'open'
  readonly #sockets = new Set<Socket>()
  readonly #server = createServer((client) => this.#accept(client))

  constructor(target: Target) {
    this.target = target
  }

  async listen(): Promise<this> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    this.#server.unref()
    return this
  }

  get port(): number {
    return (this.#server.address() as { port: number }).port
  }

  /** Resets all connections. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  close(): void {
    this.cut()
    this.#server.close()
  }

  /** The hook of subclasses, called for each connection. */
  protected intercept(_client: Socket): Interceptor {
    return {}
  }

  #accept(client: Socket): void {
    if (this.mode === 'refuse') return void client.resetAndDestroy()
    const server = connect({ host: '127.0.0.1', ...this.target })
    const { request, answer } = this.intercept(client)
    this.#forward(client, server, request)
    this.#forward(server, client, answer)
  }

  #forward(from: Socket, to: Socket, passes: (chunk: Buffer) => boolean = () => true): void {
    this.#sockets.add(from)
    from.setNoDelay(true)
    from.on('error', () => {}) // `close` follows
    from.on('close', () => {
      this.#sockets.delete(from)
      to.destroy()
    })
    from.on('data', (chunk) => {
      if (passes(chunk) && this.mode === 'open') to.write(chunk)
    })
  }
}

export function startTcpProxy(target: Target): Promise<TcpProxy> {
  return new TcpProxy(target).listen()
}

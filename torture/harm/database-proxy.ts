import { once } from 'node:events'
import { connect, createServer, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { FrontendMessages } from './frontend-messages.ts'

/** What befalls the n-th rotation from now on: before it reaches PostgreSQL, or before its answer leaves. */
export interface Ambush {
  rotation: number
  moment: 'before' | 'after'
  /** `drop` swallows it and leaves the connection, `stall` ends the connection later, `reset` at once. */
  manner: 'drop' | 'stall' | 'reset'
}

/** A way to PostgreSQL that can be broken from outside, and knows a rotation when it sees one. */
export class DatabaseProxy {
  /** `refuse` ends connections and takes no new ones, `stall` takes them and forwards nothing. */
  mode: 'open' | 'refuse' | 'stall' = 'open'
  rotations = 0
  ambushed = 0
  #target: number
  #ambush: (Ambush & { at: number }) | null = null
  readonly #sockets = new Set<Socket>()
  #port = 0

  static async start(target: number): Promise<DatabaseProxy> {
    const proxy = new DatabaseProxy(target)
    const server = createServer((inner) => proxy.#serve(inner)).listen(0, '127.0.0.1')
    await once(server, 'listening')
    server.unref()
    proxy.#port = (server.address() as { port: number }).port
    return proxy
  }

  private constructor(target: number) {
    this.#target = target
  }

  get port(): number {
    return this.#port
  }

  lieInWait(ambush: Ambush): void {
    this.#ambush = { ...ambush, at: this.rotations + ambush.rotation }
  }

  disarm(): void {
    this.#ambush = null
  }

  /** Ends every connection there is. */
  cut(): void {
    for (const socket of this.#sockets) socket.resetAndDestroy()
  }

  #serve(inner: Socket): void {
    if (this.mode === 'refuse') return void inner.resetAndDestroy()
    const outer = connect(this.#target, '127.0.0.1')
    for (const [one, other] of [
      [inner, outer],
      [outer, inner],
    ] as const) {
      this.#sockets.add(one)
      one.setNoDelay(true)
      one.on('error', () => {})
      one.on('close', () => {
        this.#sockets.delete(one)
        other.destroy()
      })
    }
    const messages = new FrontendMessages()
    let swallowing: Ambush | null = null
    inner.on('data', (chunk) => {
      const before = this.rotations
      this.rotations += messages.rotationsIn(chunk)
      const ambush = this.#ambush
      if (ambush && before < ambush.at && this.rotations >= ambush.at) {
        this.#ambush = null
        this.ambushed++
        if (ambush.moment === 'before') return void befall(inner, ambush)
        swallowing = ambush
      }
      if (this.mode === 'open') outer.write(chunk)
    })
    outer.on('data', (chunk) => {
      if (swallowing) void befall(inner, swallowing)
      else if (this.mode === 'open') inner.write(chunk)
    })
  }
}

async function befall(socket: Socket, { manner }: Ambush): Promise<void> {
  if (manner === 'drop') return
  if (manner === 'stall') await sleep(3000)
  socket.resetAndDestroy()
}

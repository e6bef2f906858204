import type { Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { PostgresStatements } from './postgres-statements.ts'
import { type Interceptor, TcpProxy } from './tcp-proxy.ts'

/** A part of every statement that rotates a refresh token, and of no other: it marks the token as used. */
const ROTATION = 'set used_at ='
const STALL_MILLISECONDS = 3000

/** A fault of the connection that carries one rotation. */
export interface RotationFault {
  /** Which rotation from now on: 1 is the next one. */
  rotation: number
  /** `before` the statement reaches PostgreSQL, or `after` it ran, when its answer would be forwarded. */
  moment: 'before' | 'after'
  /** `reset` ends the connection at once, `stall` some seconds later; `drop` leaves it open without an answer. */
  manner: 'drop' | 'stall' | 'reset'
}

/** A proxy in front of PostgreSQL that recognises rotations of refresh tokens and can break one of them. */
export class DatabaseProxy extends TcpProxy {
  /** How many rotations were broken by a fault. */
  brokenRotations = 0
  readonly #databaseUrl: URL
  #rotations = 0
  #armed: RotationFault | null = null

  constructor(databaseUrl: string) {
    const url = new URL(databaseUrl)
    super({ host: url.hostname, port: Number(url.port || 5432) })
    this.#databaseUrl = url
  }

  /** The database as it is reached through the proxy. */
  get url(): string {
    const url = new URL(this.#databaseUrl)
    url.host = `127.0.0.1:${this.port}`
    return url.href
  }

  /** Arms one fault, which replaces an earlier one that has not been triggered. */
  armFault(fault: RotationFault): void {
    this.#armed = { ...fault, rotation: this.#rotations + fault.rotation }
  }

  disarm(): void {
    this.#armed = null
  }

  protected override intercept(client: Socket): Interceptor {
    const statements = new PostgresStatements(ROTATION)
    let losesAnswer: RotationFault | null = null
    return {
      request: (chunk) => {
        const fault = this.#triggeredBy(statements.countIn(chunk))
        if (fault?.moment === 'after') losesAnswer = fault
        if (fault?.moment !== 'before') return true
        void breakConnection(client, fault)
        return false
      },
      answer: () => {
        if (!losesAnswer) return true
        void breakConnection(client, losesAnswer)
        return false
      },
    }
  }

  #triggeredBy(rotations: number): RotationFault | null {
    this.#rotations += rotations
    const fault = this.#armed
    if (rotations === 0 || !fault || this.#rotations < fault.rotation) return null
    this.#armed = null
    this.brokenRotations++
    return fault
  }
}

export function startDatabaseProxy(databaseUrl: string): Promise<DatabaseProxy> {
  return new DatabaseProxy(databaseUrl).listen()
}

async function breakConnection(client: Socket, { manner }: RotationFault): Promise<void> {
  if (manner === 'drop') return
  if (manner === 'stall') await sleep(STALL_MILLISECONDS)
  client.resetAndDestroy()
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Refusal } from '../../http/contract/refusal.ts'

export const OUTCOMES = ['drop_answer', '503', 'delay'] as const

type Outcome = (typeof OUTCOMES)[number]

export interface Fault {
  /** Method and pattern: `POST /api/v1/auth/refresh`. */
  route: string
  outcome: Outcome
  /** Of a delay. */
  milliseconds: number
  /** The number of requests that it still meets. */
  times: number
}

/** The faults that the next requests of a route meet, in the order in which they were asked for. */
export class Faults {
  #waiting: Fault[] = []
  readonly #met = new WeakMap<FastifyRequest, Fault>()
  #delays = new AbortController()
  readonly #server: FastifyInstance

  constructor(server: FastifyInstance) {
    this.#server = server
    server.addHook('onRequest', async (request, reply) => {
      // A browser sends a request again, by itself, when a connection breaks on which it had already got an answer.
      if (this.#waiting.length > 0) reply.header('connection', 'close')
      if (this.#take(request)?.outcome === '503')
        throw new Refusal(503, 'unavailable', 'The database is unavailable, try again soon', { 'retry-after': '1' })
    })
  }

  add(fault: Fault): void {
    this.#waiting.push(fault)
    this.#server.server.closeIdleConnections() // for the reason above
  }

  /** Forgets all faults, and ends the delays of those that were met. */
  clear(): void {
    this.#waiting = []
    this.#delays.abort()
    this.#delays = new AbortController()
  }

  /**
   * Lets a finished answer meet the fault of its request.
   *
   * @returns false if the answer was dropped: everything that the request did is committed, and its client does not know
   */
  async meet(request: FastifyRequest): Promise<boolean> {
    const fault = this.#met.get(request)
    if (fault?.outcome === 'delay')
      await sleep(fault.milliseconds, null, { signal: this.#delays.signal }).catch(() => null)
    if (fault?.outcome !== 'drop_answer') return true
    request.raw.socket.destroy()
    return false
  }

  #take(request: FastifyRequest): Fault | undefined {
    const route = `${request.method} ${request.routeOptions.url}`
    const fault = this.#waiting.find((waiting) => waiting.route === route)
    if (!fault) return undefined
    this.#met.set(request, fault)
    fault.times -= 1
    if (fault.times === 0) this.#waiting = this.#waiting.filter((waiting) => waiting !== fault)
    return fault
  }
}

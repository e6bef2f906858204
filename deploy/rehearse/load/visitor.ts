import { Agent } from 'node:http'
import { Agent as TlsAgent } from 'node:https'
import { type Answer, Api } from '../../../harness/api.ts'
import type { Random } from '../../../torture/actors/random.ts'
import { NAME, type Route } from '../site/balancers.ts'
import type { Tally } from './tally.ts'

/** As long as an application waits. It is more than the servers and balancers take to give up. */
const TIMEOUT_MILLISECONDS = 15_000
const SETTLING_TIMEOUT_MILLISECONDS = 60_000
const SETTLING_PAUSE_MILLISECONDS = 100

/** One client's way to the service, from a network of its own. It sends each request once and counts what came of it. */
export class Visitor {
  readonly api: Api
  readonly route: Route
  readonly #agent: Agent
  readonly #tally: () => Tally

  constructor(route: Route, random: Random, tally: () => Tally) {
    this.route = route
    this.#tally = tally
    const number = () => Math.floor(random.between(1, 255))
    const address = `127.${number()}.${number()}.${number()}`
    const keepAlive = !route.opensConnections
    this.#agent = route.certificate
      ? new TlsAgent({ keepAlive, ca: route.certificate, servername: NAME, localAddress: address })
      : new Agent({ keepAlive })
    // Without a balancer that knows HTTP, the client stands for the proxy that does.
    const forwarded = { 'x-forwarded-proto': 'https', 'x-forwarded-for': address.replace('127.', '10.') }
    this.api = new Api({
      ...{ url: () => route.url, serviceKey: '', agent: this.#agent, timeoutMilliseconds: TIMEOUT_MILLISECONDS },
      headers: () => ({ host: NAME, ...(route.certificate ? {} : forwarded) }),
    })
  }

  get tally(): Tally {
    return this.#tally()
  }

  /** Sends a request; returns its answer, null unless that is a 2xx. `status` is the answer's, null if none came. */
  async send(
    what: string,
    call: (api: Api) => Promise<Answer | null>,
  ): Promise<{ ok: true; body: Answer['body'] } | { ok: false; status: number | null }> {
    const sentAt = performance.now()
    const answer = await call(this.api)
    this.tally.addRequest(this.route.name)
    if (answer && answer.status >= 200 && answer.status < 300) return { ok: true, body: answer.body }
    this.tally.addFailure(this.route.name, what, sentAt, answer)
    return { ok: false, status: answer?.status ?? null }
  }

  /** Repeats a call, uncounted, until the service has decided it. */
  async settle(call: (api: Api) => Promise<Answer | null>): Promise<Answer> {
    const end = Date.now() + SETTLING_TIMEOUT_MILLISECONDS
    for (;;) {
      const answer = await call(this.api)
      if (answer && answer.status < 500) return answer
      if (Date.now() > end) throw new Error(`${this.route.name} was not available again: ${answer?.status}`)
      await new Promise((resolve) => setTimeout(resolve, SETTLING_PAUSE_MILLISECONDS))
    }
  }

  leave(): void {
    this.#agent.destroy()
  }
}

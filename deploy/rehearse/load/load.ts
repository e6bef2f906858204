import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../../../torture/actors/random.ts'
import type { Route } from '../site/balancers.ts'
import type { Site } from '../site/site.ts'
import { Changer } from './changer.ts'
import { Reader } from './reader.ts'
import { Tally } from './tally.ts'
import { Visitor } from './visitor.ts'

const READERS_PER_ROUTE = 4
const PAUSE_MILLISECONDS: [min: number, max: number] = [200, 600]

/** Clients on every route, which send each request once. Each has at most one under way. */
export class Load {
  readonly #site: Site
  readonly #random: Random
  readonly #readers: Reader[] = []
  readonly #changers: Changer[] = []
  #tally = new Tally()
  #reuses = 0
  #isOver = true
  #running: Promise<unknown> = Promise.resolve()

  static async start(site: Site, random: Random): Promise<Load> {
    const load = new Load(site, random)
    for (const route of site.routes) {
      load.#changers.push(new Changer(() => load.#visitor(route)))
      const visitors = Array.from({ length: READERS_PER_ROUTE }, () => load.#visitor(route))
      load.#readers.push(...(await Promise.all(visitors.map((visitor) => Reader.start(visitor)))))
    }
    return load
  }

  private constructor(site: Site, random: Random) {
    this.#site = site
    this.#random = random
  }

  /** Puts the load on. @returns the tally that is counted in from now on */
  async begin(): Promise<Tally> {
    this.#tally = new Tally()
    this.#reuses = await this.#countReuses()
    this.#isOver = false
    this.#running = Promise.all([...this.#readers, ...this.#changers].map((client, index) => this.#run(client, index)))
    return this.#tally
  }

  /** Takes the load off, and looks for what is lost. */
  async end(): Promise<void> {
    this.#isOver = true
    await this.#running
    for (const reader of this.#readers) await reader.findLost()
    for (const changer of this.#changers) await changer.findLost(this.#site.database)
    const reuses = (await this.#countReuses()) - this.#reuses
    for (let reuse = 0; reuse < reuses; reuse++) this.#tally.addLoss(null, 'a session was ended for a reuse')
  }

  async #run(client: Reader | Changer, index: number): Promise<void> {
    const random = this.#random.of(`pauses of client ${index}`)
    while (!this.#isOver) {
      await client.step()
      await sleep(random.between(...PAUSE_MILLISECONDS))
    }
  }

  async #countReuses(): Promise<number> {
    const text = "select count(*)::int as count from sessions where revoke_reason = 'reuse'"
    return (await this.#site.database.query<{ count: number }>(text))[0]?.count ?? 0
  }

  #visitor(route: Route): Visitor {
    return new Visitor(route, this.#random, () => this.#tally)
  }
}

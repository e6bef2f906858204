import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../actors/random.ts'
import type { Harm, Lane } from './fault-schedules.ts'

/** Does harm in all lanes until told to stop, then waits until what was begun is whole again; counts what was done. */
export class Controller {
  readonly counts = new Map<string, number>()
  #stopping = false
  readonly #seldom: number
  readonly #lanes: Promise<unknown>

  /** @param seldom how many times longer than usual the pauses between harms are */
  constructor(lanes: readonly Lane[], random: Random, seldom: number) {
    this.#seldom = seldom
    this.#lanes = Promise.all(lanes.map((lane) => this.#follow(lane, random.of(lane.name))))
    this.#lanes.catch(() => {}) // told to whoever stops
  }

  async stop(): Promise<void> {
    this.#stopping = true
    await this.#lanes
  }

  async #follow({ pauseMilliseconds, harms }: Lane, random: Random): Promise<void> {
    while (!this.#stopping) {
      await sleep(this.#seldom * random.between(...pauseMilliseconds))
      if (this.#stopping) return
      const harm = drawn(harms, random)
      if ((await harm.run()) === false) continue
      this.counts.set(harm.name, (this.counts.get(harm.name) ?? 0) + 1)
    }
  }
}

function drawn(harms: readonly Harm[], random: Random): Harm {
  const tickets = harms.flatMap((harm) => Array.from({ length: harm.weight }, () => harm))
  return random.pick(tickets)
}

import { setTimeout as sleep } from 'node:timers/promises'
import type { Random } from '../actors/random.ts'
import type { Fault, FaultSchedule } from './fault-schedules.ts'

/** Runs all schedules concurrently until it is stopped, and counts the faults that it injected. */
export class FaultInjector {
  readonly counts = new Map<string, number>()
  #stopping = false
  readonly #pauseFactor: number
  readonly #running: Promise<unknown>

  /** @param pauseFactor multiplies the pauses between faults */
  constructor(schedules: readonly FaultSchedule[], random: Random, pauseFactor: number) {
    this.#pauseFactor = pauseFactor
    this.#running = Promise.all(schedules.map((schedule) => this.#run(schedule, random.of(schedule.name))))
    this.#running.catch(() => {}) // `stop` throws it
  }

  /** Injects no new fault and waits until the service has recovered from those that are active. */
  async stop(): Promise<void> {
    this.#stopping = true
    await this.#running
  }

  async #run({ pauseMilliseconds, faults }: FaultSchedule, random: Random): Promise<void> {
    while (!this.#stopping) {
      await sleep(this.#pauseFactor * random.between(...pauseMilliseconds))
      if (this.#stopping) return
      const fault = pickByWeight(faults, random)
      if ((await fault.inject()) === false) continue
      this.counts.set(fault.name, (this.counts.get(fault.name) ?? 0) + 1)
    }
  }
}

function pickByWeight(faults: readonly Fault[], random: Random): Fault {
  return random.pick(faults.flatMap((fault) => Array.from({ length: fault.weight }, () => fault)))
}

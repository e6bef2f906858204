import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

const INTERVAL_MILLISECONDS = 2000
/** Below this part of the time, the event loop has nothing to do but probes and its own timers. */
const MAX_QUIET_UTILIZATION = 0.02
const QUIET_INTERVALS = 2
/** Collecting takes some tens of milliseconds, and what runs after it is compiled anew: no more than that of a minute. */
const MIN_INTERVALS_BETWEEN = 30

/**
 * Gives memory back to the machine when work is over: V8 collects garbage when it needs room, so a process would keep what a
 * start or a peak left behind. It does so once after each time of work, at most once a minute, while nothing waits for it.
 */
export function giveBackMemory(): void {
  const [collect, rest] = [findCollector(), new RestAfterWork()]
  let last = performance.eventLoopUtilization()
  const look = () => {
    const { utilization } = performance.eventLoopUtilization(last)
    if (rest.begins(utilization)) collect()
    last = performance.eventLoopUtilization() // without what the collection took
  }
  setInterval(look, INTERVAL_MILLISECONDS).unref()
}

/** Finds the times at which work is over. A start is work, too. */
export class RestAfterWork {
  #hasWorked = true
  #quietIntervals = 0
  #intervalsSince = MIN_INTERVALS_BETWEEN

  /** @param utilization the part of an interval that the event loop was busy for */
  begins(utilization: number): boolean {
    const isQuiet = utilization <= MAX_QUIET_UTILIZATION
    this.#quietIntervals = isQuiet ? this.#quietIntervals + 1 : 0
    this.#hasWorked ||= !isQuiet
    this.#intervalsSince++
    if (!this.#hasWorked || this.#quietIntervals < QUIET_INTERVALS) return false
    if (this.#intervalsSince < MIN_INTERVALS_BETWEEN) return false
    this.#hasWorked = false
    this.#intervalsSince = 0
    return true
  }
}

/** Returns V8's collector of all garbage, which it has as a function only in contexts that are made while the flag is set. */
export function findCollector(): () => void {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as (options: object) => void
  setFlagsFromString('--no-expose-gc')
  return () => collect({ type: 'major', execution: 'sync', flavor: 'last-resort' })
}

import type { Log } from '../observe/log.ts'

/** A round of a job. Begins nothing new once `stopping` is aborted, and lets go of what is under way at `abandon`. */
export type Job = (signals: { stopping: AbortSignal; abandon: AbortSignal }) => Promise<unknown>

export interface Repeated {
  /** A round of its own, after the one that is under way. */
  runNow(): Promise<void>
  /** No round begins any more; waits for the one under way, but not for long. */
  stop(): Promise<void>
}

const STOP_TIMEOUT_MILLISECONDS = 3000
const ABANDON_TIMEOUT_MILLISECONDS = 1000

/** Runs a job again and again with a pause after each round, never twice at once; a failure is logged and tried again. */
export function repeat(job: Job, options: { pauseMilliseconds: number; failure: string; log: Log }): Repeated {
  const [stopping, abandon] = [new AbortController(), new AbortController()]
  const signals = { stopping: stopping.signal, abandon: abandon.signal }
  let round: Promise<unknown> = Promise.resolve()
  let pause: NodeJS.Timeout

  const begin = () => {
    round = round
      .then(() => (stopping.signal.aborted ? null : job(signals)))
      .catch((error) => options.log.warn({ reason: error.message }, options.failure))
    return round
  }
  const later = () => {
    if (stopping.signal.aborted) return
    pause = setTimeout(() => begin().then(later), options.pauseMilliseconds).unref()
  }
  later()
  return {
    async runNow() {
      await begin()
    },
    async stop() {
      stopping.abort()
      clearTimeout(pause)
      await Promise.race([round, passed(STOP_TIMEOUT_MILLISECONDS)])
      abandon.abort()
      await Promise.race([round, passed(ABANDON_TIMEOUT_MILLISECONDS)])
    },
  }
}

/** Keeps no process alive. */
function passed(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}

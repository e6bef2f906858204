import type { Log } from '../observe/log.ts'

/** One round of a job. It begins nothing new once `stopping` is aborted, and gives up unfinished work once `abandon` is. */
export type Job = (signals: { stopping: Pick<AbortSignal, 'aborted'>; abandon: AbortSignal }) => Promise<unknown>

export interface Repeated {
  /** Runs an extra round, after the current one. */
  runNow(): Promise<void>
  /** Begins no further round, and waits for the current one, but not for long. */
  stop(): Promise<void>
}

const STOP_TIMEOUT_MILLISECONDS = 3000
const ABANDON_TIMEOUT_MILLISECONDS = 1000

/** Runs a job repeatedly with a pause after each round, never concurrently. A failed round is logged; the next one runs. */
export function repeat(job: Job, options: { pauseMilliseconds: number; failure: string; log: Log }): Repeated {
  const [stopping, abandon] = [new AbortController(), new AbortController()]
  const signals = { stopping: stopping.signal, abandon: abandon.signal }
  let round: Promise<unknown> = Promise.resolve()
  let pause: NodeJS.Timeout

  const runRound = () => {
    round = round
      .then(() => (stopping.signal.aborted ? null : job(signals)))
      .catch((error) => options.log.warn({ reason: error.message }, options.failure))
    return round
  }
  const scheduleNext = () => {
    if (stopping.signal.aborted) return
    pause = setTimeout(() => runRound().then(scheduleNext), options.pauseMilliseconds).unref()
  }
  scheduleNext()
  return {
    async runNow() {
      await runRound()
    },
    async stop() {
      stopping.abort()
      clearTimeout(pause)
      await Promise.race([round, delay(STOP_TIMEOUT_MILLISECONDS)])
      abandon.abort()
      await Promise.race([round, delay(ABANDON_TIMEOUT_MILLISECONDS)])
    },
  }
}

/** Resolves after a time, without keeping the process alive. */
function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => {
    setTimeout(resolve, milliseconds).unref()
  })
}

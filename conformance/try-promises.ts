import { hideSecrets } from './hide-secrets.ts'
import { type Promised, Skipped } from './promise.ts'
import type { Target } from './target.ts'

/** The outcome of one promise. `why` says what the server did instead, or why the promise was skipped. */
export interface Outcome {
  promise: Promised
  result: 'kept' | 'broken' | 'skipped'
  why: string
}

/** A login takes a quarter of a second of one core, so more attempts at once would only wait in the server. */
const MAX_CONCURRENT = 4

/** Tries a few promises at a time and yields the outcomes in the order of the promises. */
export async function* tryPromises(promises: readonly Promised[], target: Target): AsyncGenerator<Outcome> {
  const outcomes: Promise<Outcome>[] = []
  const running = new Set<Promise<unknown>>()
  const startMore = () => {
    while (running.size < MAX_CONCURRENT && outcomes.length < promises.length) {
      const outcome = tryOne(promises[outcomes.length] as Promised, target)
      outcomes.push(outcome)
      const done = outcome.then(() => {
        running.delete(done)
        startMore()
      })
      running.add(done)
    }
  }
  startMore()
  for (let n = 0; n < promises.length; n++) yield await (outcomes[n] as Promise<Outcome>)
}

async function tryOne(promise: Promised, target: Target): Promise<Outcome> {
  try {
    await promise.check(target)
    return { promise, result: 'kept', why: '' }
  } catch (error) {
    const why = hideSecrets((error as Error).message, target.options.serviceKey)
    return { promise, result: error instanceof Skipped ? 'skipped' : 'broken', why }
  }
}

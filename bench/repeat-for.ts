import { quantile } from '../harness/statistics.ts'

/** How many a second were done, and how long all but the slowest hundredth of them took. */
export interface Pace {
  perSecond: number
  p99Milliseconds: number
}

/** Repeats each of the steps, all beside each other, and counts what ends within the time. */
export async function repeatFor(seconds: number, steps: readonly (() => Promise<unknown>)[]): Promise<Pace> {
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  const repeat = async (step: () => Promise<unknown>) => {
    while (performance.now() < end) {
      const began = performance.now()
      await step()
      const now = performance.now()
      if (now < end) times.push(now - began) // what ends later would count as done in less time than it took
    }
  }
  await Promise.all(steps.map(repeat))
  return { perSecond: times.length / seconds, p99Milliseconds: quantile(times, 0.99) }
}

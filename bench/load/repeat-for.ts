import { quantile } from '../../harness/statistics.ts'

/** The rate at which steps were completed, and the times within which half and 99 of 100 of them were. */
export interface Pace {
  perSecond: number
  p50Milliseconds: number
  p99Milliseconds: number
}

/** Repeats all steps concurrently, each in a loop, and counts those that end within the time. */
export async function repeatFor(seconds: number, steps: readonly (() => Promise<unknown>)[]): Promise<Pace> {
  const times: number[] = []
  const end = performance.now() + seconds * 1000
  const repeat = async (step: () => Promise<unknown>) => {
    while (performance.now() < end) {
      const began = performance.now()
      await step()
      const now = performance.now()
      if (now < end) times.push(now - began) // a step that ends later had more than the time
    }
  }
  await Promise.all(steps.map(repeat))
  return {
    perSecond: times.length / seconds,
    p50Milliseconds: quantile(times, 0.5),
    p99Milliseconds: quantile(times, 0.99),
  }
}

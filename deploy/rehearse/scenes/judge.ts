import type { Tally } from '../load/tally.ts'

/** Whether requests of a scene may fail: never, or with 502, 503, 504 or without an answer while its fault lasts. */
export type Allowance = 'never' | 'meanwhile'

/** A fault, in the milliseconds of `performance.now()`. */
export interface Interval {
  start: number
  end: number
}

/** Returns everything that breaks the allowance. A loss breaks each. */
export function judge(mayFail: Allowance, { failures, losses }: Tally, faults: readonly Interval[]): string[] {
  const isMeanwhile = (sentAt: number, failedAt: number) =>
    faults.some(({ start, end }) => sentAt <= end && failedAt >= start)
  const broken = failures.filter(
    ({ isOutage, sentAt, failedAt }) => mayFail === 'never' || !isOutage || !isMeanwhile(sentAt, failedAt),
  )
  return [...broken, ...losses].map(({ text }) => text)
}

import { median, spread } from '../../harness/statistics.ts'
import type { Order, Work } from './load.ts'
import type { Pace } from './repeat-for.ts'

export interface Measured {
  measure(order: Order): Promise<Pace>
}

/** How long and how often is measured. */
export interface Rounds {
  rounds: number
  seconds: number
}

const WARM_UP_SECONDS = 3 // until then much of the code is interpreted

/** Medians of the baseline and of Tessera, in this order, and Tessera's rates by the baseline's, round by round. */
export interface Comparison {
  perSecond: readonly [number, number]
  p50Milliseconds: readonly [number, number]
  p99Milliseconds: readonly [number, number]
  ratios: readonly number[]
}

/** Measures both in alternating rounds, so that other work on the machine affects them equally. */
export async function compare(
  work: Work,
  baseline: Measured,
  tessera: Measured,
  { rounds, seconds }: Rounds,
): Promise<Comparison> {
  for (const measured of [baseline, tessera]) await measured.measure({ work, seconds: WARM_UP_SECONDS })
  const pairs: [Pace, Pace][] = []
  for (let round = 0; round < rounds; round++)
    pairs.push([await baseline.measure({ work, seconds }), await tessera.measure({ work, seconds })])
  const medians = (field: keyof Pace) =>
    [median(pairs.map(([one]) => one[field])), median(pairs.map(([, other]) => other[field]))] as const
  return {
    perSecond: medians('perSecond'),
    p50Milliseconds: medians('p50Milliseconds'),
    p99Milliseconds: medians('p99Milliseconds'),
    ratios: pairs.map(([ofBaseline, ofTessera]) => ofTessera.perSecond / ofBaseline.perSecond),
  }
}

/** Formats a comparison as cells of a Markdown table. */
export function cellsOf({ perSecond, p50Milliseconds, p99Milliseconds, ratios }: Comparison): string {
  const times = [p50Milliseconds, p99Milliseconds].map((pair) => pair.map((time) => time.toFixed(1)).join(' / '))
  return [...perSecond.map(Math.round), spread(ratios), ...times].join(' | ')
}

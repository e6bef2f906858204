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

/** Measures both in alternating rounds, so that other work on the machine affects them equally. */
export async function compare(
  work: Work,
  baseline: Measured,
  tessera: Measured,
  { rounds, seconds }: Rounds,
): Promise<string> {
  for (const measured of [baseline, tessera]) await measured.measure({ work, seconds: WARM_UP_SECONDS })
  const pairs: [Pace, Pace][] = []
  for (let round = 0; round < rounds; round++)
    pairs.push([await baseline.measure({ work, seconds }), await tessera.measure({ work, seconds })])
  const ratios = pairs.map(([ofBaseline, ofTessera]) => ofTessera.perSecond / ofBaseline.perSecond)
  const medians = (index: 0 | 1, field: keyof Pace) => median(pairs.map((pair) => pair[index][field]))
  const perSecond = ([0, 1] as const).map((index) => Math.round(medians(index, 'perSecond')))
  const p99 = ([0, 1] as const).map((index) => medians(index, 'p99Milliseconds').toFixed(1))
  return `${perSecond.join(' | ')} | ${spread(ratios)} | ${p99.join(' / ')}`
}

import type { CounterLabels, CounterName, HistogramLabels, HistogramName } from './metric-definitions.ts'

/** Counts what happens. It never throws, and never delays the caller. */
export interface Metrics {
  count<Name extends CounterName>(name: Name, labels: CounterLabels<Name>, by?: number): void
  observe<Name extends HistogramName>(name: Name, value: number, labels: HistogramLabels<Name>): void
}

/** Counts nothing: for commands, and for servers whose metrics are off. */
export const NO_METRICS: Metrics = { count() {}, observe() {} }

import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from '@prometheus-io/client'
import {
  COUNTERS,
  type CounterName,
  GAUGES,
  type GaugeLabels,
  type GaugeName,
  HISTOGRAMS,
  type HistogramName,
} from './metric-definitions.ts'
import type { Metrics } from './metrics.ts'

/** A figure of a gauge, with its labels. */
export interface Sample<Name extends GaugeName> {
  labels: GaugeLabels<Name>
  value: number
}

/** The metrics of this process. */
export interface OpenMetrics extends Metrics {
  registry: Registry
  /** Reads a gauge each time that the page is asked for. One that cannot be read then is left out. */
  gauge<Name extends GaugeName>(name: Name, read: () => Promise<Sample<Name>[]> | Sample<Name>[]): void
  /** Returns the page in the text format of Prometheus. */
  page(): Promise<{ type: string; text: string }>
}

/** Defaults of the library that `promtool check metrics` complains about, or that say the same twice. */
const UNWANTED = /^nodejs_(active_|eventloop_utilization|version_info|heap_space|gc_)/

/** Returns every combination of labels whose values are known beforehand; none where those of one are not. */
function combinations(labels: Readonly<Record<string, readonly string[] | null>>): Record<string, string>[] {
  return Object.entries(labels).reduce<Record<string, string>[]>(
    (all, [name, values]) => (values ?? []).flatMap((value) => all.map((labels) => ({ ...labels, [name]: value }))),
    [{}],
  )
}

/** Opens the metrics of this process. The counters of Node.js and of the process are among them. */
export function openMetrics(): OpenMetrics {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  for (const { name } of registry.getMetricsAsArray()) if (UNWANTED.test(name)) registry.removeSingleMetric(name)

  const counters = new Map<CounterName, Counter<string>>()
  for (const [name, { help, labels }] of Object.entries(COUNTERS)) {
    const counter = new Counter({ name, help, labelNames: Object.keys(labels), registers: [registry] })
    for (const combination of combinations(labels)) counter.inc(combination, 0) // a rate needs a beginning
    counters.set(name as CounterName, counter)
  }
  const histograms = new Map<HistogramName, Histogram<string>>()
  for (const [name, { help, labels, buckets }] of Object.entries(HISTOGRAMS)) {
    const options = { name, help, labelNames: Object.keys(labels), buckets: [...buckets], registers: [registry] }
    histograms.set(name as HistogramName, new Histogram(options))
  }
  return {
    registry,
    count: (name, labels, by = 1) => counters.get(name)?.inc(labels as Record<string, string>, by),
    observe: (name, value, labels) => histograms.get(name)?.observe(labels as Record<string, string>, value),
    gauge(name, read) {
      const { help, labels, of } = GAUGES[name]
      const gauge: Gauge<string> = new Gauge({
        ...{ name, help, labelNames: Object.keys(labels), registers: [registry], aggregator: of },
        async collect() {
          gauge.reset()
          const samples = await Promise.resolve(read()).catch(() => [])
          if (samples.length === 0 && Object.keys(labels).length === 0) gauge.remove() // it begins at 0
          for (const sample of samples) gauge.set(sample.labels as Record<string, string>, sample.value)
        },
      })
    },
    page: async () => ({ type: registry.contentType, text: await registry.metrics() }),
  }
}

import type { TestServer } from '../support/server.ts'

export const METRICS_KEY = 'm'.repeat(40)
export const SERVICES = { SERVICE_KEYS: `prometheus:metrics:${METRICS_KEY}` }

/** Returns the counters of one metric that are not 0, by their labels as the page has them. */
export async function counters(server: TestServer, metric: string): Promise<Record<string, number>> {
  const { text } = await server.get('/metrics', { bearer: METRICS_KEY })
  const lines = text.split('\n').filter((line) => line.startsWith(`${metric}{`) || line.startsWith(`${metric} `))
  const found = lines.map((line) => [
    line.slice(metric.length, line.lastIndexOf(' ')).replaceAll(/[{}"]/g, ''),
    Number(line.split(' ').at(-1)),
  ])
  return Object.fromEntries(found.filter(([, value]) => value !== 0))
}

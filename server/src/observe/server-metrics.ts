import cluster from 'node:cluster'
import { type Metrics, NO_METRICS } from './metrics.ts'
import type { OpenMetrics } from './open-metrics.ts'
import type { MetricsPage } from './serve-metrics.ts'

/** The metrics of a server, or none where the settings name no way to read them. */
export interface ServerMetrics {
  metrics: Metrics
  /** Null where metrics are off. */
  open: OpenMetrics | null
  /** The page of all processes that share the port; null where metrics are off. */
  page: MetricsPage | null
}

/** Opens the metrics if something can read them. Otherwise nothing is loaded, and nothing counted. */
export async function openServerMetrics(isRead: boolean): Promise<ServerMetrics> {
  if (!isRead) return { metrics: NO_METRICS, open: null, page: null }
  const { openMetrics } = await import('./open-metrics.ts')
  const open = openMetrics()
  if (!cluster.isWorker) return { metrics: open, open, page: open.page }
  const { joinMetrics } = await import('./metrics-of-processes.ts')
  return { metrics: open, open, page: joinMetrics(open.registry) }
}

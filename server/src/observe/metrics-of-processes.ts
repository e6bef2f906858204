import cluster, { type Worker } from 'node:cluster'
import { AggregatorRegistry, type Registry } from '@prometheus-io/client'
import type { MetricsPage } from './serve-metrics.ts'

// Several processes share a port, and each counts for itself. The first process puts their figures together; a page of one
// of them alone would show a process that the balancer of the kernel happened to choose.

const ASK = 'tessera/metrics/ask'
const ANSWER = 'tessera/metrics/answer'
const TIMEOUT_MILLISECONDS = 6000

interface Message {
  type?: string
  id?: number
  page?: Awaited<ReturnType<MetricsPage>> | null
}

/** In the first process: returns the page of all processes, and answers those that ask for it. */
export function gatherMetrics(): MetricsPage {
  const aggregator = new AggregatorRegistry()
  const page: MetricsPage = async () => ({ type: aggregator.contentType, text: await aggregator.clusterMetrics() })
  cluster.on('message', (worker: Worker, { type, id }: Message) => {
    if (type !== ASK) return
    const answer = (found: Message['page']) => worker.isConnected() && worker.send({ type: ANSWER, id, page: found })
    page().then(answer, () => answer(null))
  })
  return page
}

/** In one of several processes: hands out its figures, and returns the page of all. */
export function joinMetrics(registry: Registry): MetricsPage {
  AggregatorRegistry.setRegistries(registry)
  new AggregatorRegistry() // it answers the first process
  const waiting = new Map<number, (page: Message['page']) => void>()
  let asked = 0
  process.on('message', ({ type, id = 0, page }: Message) => {
    if (type === ANSWER) waiting.get(id)?.(page)
  })
  return async () => {
    const id = ++asked
    const answer = Promise.withResolvers<Message['page']>()
    const timer = setTimeout(() => answer.resolve(null), TIMEOUT_MILLISECONDS)
    waiting.set(id, answer.resolve)
    process.send?.({ type: ASK, id })
    const page = await answer.promise
    clearTimeout(timer)
    waiting.delete(id)
    if (!page) throw new Error('the first process did not answer with the metrics of all')
    return page
  }
}

import type { Answer } from '../../../harness/api.ts'
import type { RouteName } from '../site/balancers.ts'

export interface Failure {
  route: RouteName
  sentAt: number
  failedAt: number
  /** Whether the service was away, for which a client waits: no answer, 502, 503 or 504. Every other refusal is wrong. */
  isOutage: boolean
  text: string
}

export interface Loss {
  /** Null if the database shows it. */
  route: RouteName | null
  text: string
}

const OUTAGES = new Set([502, 503, 504])

/** Counts what clients see during one scene. */
export class Tally {
  readonly requests = new Map<RouteName, number>()
  readonly failures: Failure[] = []
  readonly losses: Loss[] = []

  addRequest(route: RouteName): void {
    this.requests.set(route, (this.requests.get(route) ?? 0) + 1)
  }

  /** @param answer null if none came */
  addFailure(route: RouteName, what: string, sentAt: number, answer: Answer | null): void {
    const status = answer?.status ?? null
    const text = `${what} through ${route}: ${status === null ? 'no answer' : `${status} ${originOf(answer)}`}`
    const isOutage = status === null || OUTAGES.has(status)
    this.failures.push({ route, sentAt, failedAt: performance.now(), isOutage, text })
  }

  addLoss(route: RouteName | null, text: string): void {
    this.losses.push({ route, text: route === null ? text : `${text} through ${route}` })
  }
}

/** Says what refused: the servers answer in JSON, balancers with a page. */
function originOf(answer: Answer | null): string {
  return typeof answer?.body === 'string' ? 'of the balancer' : JSON.stringify(answer?.body)
}

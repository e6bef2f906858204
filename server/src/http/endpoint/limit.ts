import type { Budget } from '../../auth/limit/budgets.ts'
import type { EndpointRequest } from './endpoint.ts'
import type { HttpContext } from './http-context.ts'

/** The rate-limit budgets of an endpoint, taken when guard and body have told who calls. */
export interface Limit {
  /** Counted by all replicas together, or by this process alone, which costs no statement. */
  countedBy: 'shared' | 'process'
  budgets(request: EndpointRequest, ctx: HttpContext): readonly Budget[]
}

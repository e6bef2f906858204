import type { Budget } from '../../auth/limit/budgets.ts'
import type { EndpointRequest } from './endpoint.ts'
import type { HttpContext } from './http-context.ts'

/** The budgets of one endpoint, taken before its work. */
export interface Limit {
  /** `shared` over all replicas, taken when the body is read; or this `process`'s own, taken before anything else. */
  countedBy: 'shared' | 'process'
  budgets(request: EndpointRequest, ctx: HttpContext): readonly Budget[]
  /** Whether callers who succeed, and so proved themselves, get their points back. */
  refundedOnSuccess: boolean
}

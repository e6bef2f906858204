import type { Budget } from '../../auth/limit/budgets.ts'
import type { EndpointRequest } from './endpoint.ts'
import type { HttpContext } from './http-context.ts'

/** The rate-limit budgets of an endpoint, taken before its work. */
export interface Limit {
  /** `shared` by all replicas and taken after the body is read, or local to this `process` and taken before that. */
  countedBy: 'shared' | 'process'
  budgets(request: EndpointRequest, ctx: HttpContext): readonly Budget[]
  /** Whether clients that succeed, and so have authenticated, get their points back. */
  refundedOnSuccess: boolean
}

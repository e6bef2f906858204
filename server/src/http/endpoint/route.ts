import type { Contract } from '../contract/contract.ts'
import type { Endpoint } from './endpoint.ts'
import type { Guard } from './guard.ts'
import type { Limit } from './limit.ts'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface Route {
  method: Method
  path: string
  /** The format of its error responses. */
  contract: Contract
  /** The most expensive work of a request: none outside the process, a query, a token digest or a password hash. */
  work: 'none' | 'database' | 'token' | 'password'
  endpoint: Endpoint
  guard?: Guard
  limit?: Limit
  /**
   * Whether it answers all the same during maintenance: in every state, or as long as the rows are here and complete.
   * Without it, it is 503 then.
   */
  openDuring?: 'every state' | 'maintenance'
}

/** Declares a route in one line: `route('GET /health', health, …)`. */
export function route(
  name: `${Method} /${string}`,
  endpoint: Endpoint,
  options: Omit<Route, 'method' | 'path' | 'endpoint'>,
): Route {
  const [method, path] = name.split(' ') as [Method, string]
  return { method, path, endpoint, ...options }
}

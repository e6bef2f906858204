import type { Contract } from '../contract/contract.ts'
import type { Endpoint } from './endpoint.ts'
import type { Guard } from './guard.ts'
import type { Limit } from './limit.ts'

type Method = 'GET' | 'POST' | 'DELETE'

export interface Route {
  method: Method
  path: string
  /** How it words its refusals. */
  contract: Contract
  /** The most that an answer may cost: nothing outside the process, the database, a token's digest, a password's hash. */
  work: 'none' | 'database' | 'token' | 'password'
  endpoint: Endpoint
  guard?: Guard
  limit?: Limit
}

/** A route in one line: `route('GET /health', health, …)`. */
export function route(
  name: `${Method} /${string}`,
  endpoint: Endpoint,
  more: Omit<Route, 'method' | 'path' | 'endpoint'>,
): Route {
  const [method, path] = name.split(' ') as [Method, string]
  return { method, path, endpoint, ...more }
}

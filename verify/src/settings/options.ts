import type { Algorithm } from '../token/signature.ts'

/** Options of a verifier: an issuer or the address of its keys, its secret, or both while it moves from one to the other. */
export interface VerifierOptions {
  /** Tessera's `PUBLIC_URL`: tokens must name it as `iss`, and its keys are read from there. */
  issuer?: string | undefined
  /** The address of the keys, where it is not `<issuer>/.well-known/jwks.json`. */
  jwksUrl?: string | undefined
  /** Tessera's `JWT_SECRET_KEY`; several while it changes. Needed for tokens of pairs, and for logins signed with HS256. */
  secret?: string | readonly string[] | undefined
  /** The name of this service in `JWT_AUDIENCE`; of several, one must be in the token. */
  audience?: string | readonly string[] | undefined
  /** All that the keys allow, unless it is narrowed here. */
  algorithms?: readonly Algorithm[]
  /** Follows the logouts; `{}` is enough with an issuer. Without it a token is good until it expires. */
  revocations?: RevocationOptions
  /** Refuses tokens of logins that are longer ago. */
  maxAuthAgeSeconds?: number
  /** Lets tokens live so much longer, for hosts without a synchronized clock; at most 60. */
  clockToleranceSeconds?: number
  /** The time, as a date or in milliseconds, for tests that move it. */
  now?: () => number | Date
  fetch?: typeof fetch
}

export interface RevocationOptions {
  /** The address of the list, where it is not `<issuer>/.well-known/revocations`. */
  url?: string | undefined
  /** A service key of the scope `revocations`: Tessera then answers at the moment of a logout, instead of being asked each second. */
  serviceKey?: string | undefined
  /** An age of the list from which `whenStale` applies; 30 unless set. */
  staleAfterSeconds?: number
  /** `accept` (default): an outage of Tessera stops nothing, and logouts are not heard of. `reject`: tokens are refused with `stale`. */
  whenStale?: 'accept' | 'reject'
  /** `background` asks by timers; `onDemand` asks within `verify`, for hosts that have none. The host decides unless set. */
  mode?: 'background' | 'onDemand'
  /** Keeps a host awake for a request that `verify` does not wait for, with `onDemand`. */
  waitUntil?: (promise: Promise<unknown>) => void
}

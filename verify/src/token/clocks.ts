import type { Claims } from './claims.ts'

const clocks = new WeakMap<Claims, () => number>()

/** Binds claims to the clock of their verifier, so that later checks of an age go by the same one. */
export function rememberClock(claims: Claims, now: () => number): void {
  clocks.set(claims, now)
}

/** Returns the time in seconds by which these claims were verified. */
export function nowFor(claims: Claims): number {
  return (clocks.get(claims) ?? Date.now)() / 1000
}

import type { SigningKeyRow } from '../../storage/keys/signing-keys.ts'
import type { SigningKind, SigningKindRow } from '../../storage/keys/signing-kinds.ts'

/**
 * The state of a key. Its tokens are accepted while it is `next`, `current` or `previous`. Other services can read it until
 * it is `gone`: a leaving key has no living token, and is shown for an hour more to verifiers whose clock is late.
 */
export type KeyState = 'next' | 'current' | 'previous' | 'leaving' | 'gone' | 'refused'

type KeyTimes = Pick<SigningKeyRow, 'kid' | 'algorithm' | 'signs_from_at' | 'retired_at' | 'refused_at' | 'created_at'>

/** The rules by which the state of keys follows from their times. */
export interface KeyRules {
  /** The kind that this process signs with. */
  own: SigningKind
  /** The kinds that signed before, as the database has them. */
  kinds: readonly SigningKindRow[]
  accessTokenLifetimeSeconds: number
}

/** The copy of a replica is at most this old, so a replaced key may sign for this long. */
export const MAX_COPY_AGE_SECONDS = 60
const LEAVING_SECONDS = 3600

/** Returns the state of every key at a time. */
export function keyStates<Key extends KeyTimes>(
  keys: readonly Key[],
  rules: KeyRules,
  now: Date,
): (Key & { state: KeyState })[] {
  return keys.map((key) => ({ ...key, state: stateOf(key, keys, rules, now) }))
}

function stateOf(key: KeyTimes, keys: readonly KeyTimes[], rules: KeyRules, now: Date): KeyState {
  if (key.refused_at) return 'refused'
  const begun = keys
    .filter(({ algorithm, refused_at }) => algorithm === key.algorithm && refused_at === null)
    .filter((other) => hasBegun(other, now))
    .toSorted(byBeginning)
  const newest = begun.filter(({ retired_at }) => retired_at === null).at(-1)
  const kindEnded = endOfKind(key.algorithm, rules)
  // A key that was added after its algorithm ended waits for it to begin again.
  const ended = kindEnded && key.created_at > kindEnded ? undefined : kindEnded
  if (key === newest && ended === null) return 'current'
  // A key that waits for its algorithm to begin, or for its own time, has signed nothing that could end.
  if (key === newest && ended === undefined) return 'next'
  if (!hasBegun(key, now) && key.retired_at === null)
    return ended instanceof Date ? stateAfter(ended, rules, now) : 'next'
  const successor = begun[begun.indexOf(key) + 1]
  const replacedAt = hasBegun(key, now) ? successor?.signs_from_at : null
  return stateAfter(earliest([key.retired_at, replacedAt, ended]) ?? now, rules, now)
}

/** Whether logins that the shared secret signed are still accepted. */
export function acceptsSecret(rules: KeyRules, now: Date): boolean {
  const ended = endOfKind('HS256', rules)
  return ended === null || (ended !== undefined && stateAfter(ended, rules, now) === 'previous')
}

/** When a kind was replaced; null while it signs, undefined if it never did. */
function endOfKind(kind: SigningKind, { own, kinds }: KeyRules): Date | null | undefined {
  if (kind === own) return null
  return kinds.find((row) => row.kind === kind)?.ended_at
}

function stateAfter(stoppedAt: Date, { accessTokenLifetimeSeconds }: KeyRules, now: Date): KeyState {
  const seconds = (now.getTime() - stoppedAt.getTime()) / 1000
  const lastTokenSeconds = accessTokenLifetimeSeconds + MAX_COPY_AGE_SECONDS
  if (seconds < lastTokenSeconds) return 'previous'
  return seconds < lastTokenSeconds + LEAVING_SECONDS ? 'leaving' : 'gone'
}

function hasBegun({ signs_from_at: from }: KeyTimes, now: Date): boolean {
  return from !== null && from <= now
}

function byBeginning(one: KeyTimes, other: KeyTimes): number {
  const apart = (one.signs_from_at?.getTime() ?? 0) - (other.signs_from_at?.getTime() ?? 0)
  return apart || (one.kid < other.kid ? -1 : 1)
}

function earliest(times: readonly (Date | null | undefined)[]): Date | null {
  const known = times.filter((time) => time instanceof Date).map((time) => time.getTime())
  return known.length > 0 ? new Date(Math.min(...known)) : null
}

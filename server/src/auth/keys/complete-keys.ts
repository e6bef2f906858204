import type { PublicAlgorithm } from '../../crypto/keys/signing-key.ts'
import { scheduleSigningKey } from '../../storage/keys/change-signing-key.ts'
import type { SigningKeyRow } from '../../storage/keys/signing-keys.ts'
import type { Context } from '../context/context.ts'
import { type KeyRules, keyStates } from './key-states.ts'
import { makeKey, type SealingKeys } from './make-key.ts'

/** The times of a rotation. */
export interface RotationTimes {
  /** How long a key is published, at least, before it signs. */
  noticeSeconds: number
  /** How long a key signs; null: until an operator rotates. */
  rotationSeconds: number | null
}

interface CompleteKeysInput {
  algorithm: PublicAlgorithm
  /** The keys that may sign. */
  keys: readonly SigningKeyRow[]
  rules: KeyRules
  times: RotationTimes
  sealing: SealingKeys
  now: Date
}

/**
 * Takes one step towards the two keys that an algorithm must have: one that signs, and the next one, which is made when
 * that one begins to sign, so that verifiers know each key for its whole period before they meet a token of it. Every
 * replica does so; one of them succeeds.
 *
 * @returns whether the keys must be read again
 */
export async function completeKeys(
  ctx: Pick<Context, 'db' | 'log'>,
  { algorithm, keys, rules, times, sealing, now }: CompleteKeysInput,
): Promise<boolean> {
  const own = keyStates(keys, rules, now).filter((key) => key.algorithm === algorithm)
  const current = own.find(({ state }) => state === 'current')
  const next = own.find(({ state }) => state === 'next')
  if (current && next) return false
  if (!current && next) {
    if (await scheduleSigningKey(ctx.db, next.kid, now, now))
      ctx.log.warn({ kid: next.kid }, 'no signing key was left: the next one signs now')
    return true
  }
  const signsFrom = current ? nextSignsFrom(current, times, now) : now
  const kid = await makeKey(ctx, sealing, { algorithm, keys, signsFrom, now })
  if (kid === null) return true
  if (!current && own.length > 0)
    ctx.log.error({ kid }, 'no signing key was left: a new one signs at once, before other services have read it')
  else ctx.log.info({ kid, algorithm, signsFrom }, 'a signing key was made')
  return true
}

/** When the key after the current one signs; null for no fixed time. */
export function nextSignsFrom(
  current: Pick<SigningKeyRow, 'signs_from_at'>,
  { noticeSeconds, rotationSeconds }: RotationTimes,
  publishedAt: Date,
): Date | null {
  if (rotationSeconds === null) return null
  const due = (current.signs_from_at?.getTime() ?? 0) + rotationSeconds * 1000
  return new Date(Math.max(due, publishedAt.getTime() + noticeSeconds * 1000))
}

import type { PublicAlgorithm } from '../../crypto/keys/signing-key.ts'
import type { Transaction } from '../../storage/database/database.ts'
import { refuseSigningKey, retireSigningKey, scheduleSigningKey } from '../../storage/keys/change-signing-key.ts'
import type { Context } from '../context/context.ts'
import type { Origin } from '../context/origin.ts'
import { recordEvent } from '../notice/record-event.ts'
import type { KeyList, ListedKey } from './list-keys.ts'
import { makeKey, type SealingKeys } from './make-key.ts'
import { openPrivateHalf } from './open-key.ts'

type KeysContext = Pick<Context, 'db' | 'now'>

/** Why a change of the keys was refused, for the operator. */
export type KeyRefusal =
  | { kind: 'no_key_pairs' }
  | { kind: 'keys_in_files' }
  | { kind: 'no_next_key' }
  /** The next key has not been published for long enough: verifiers may not know it. */
  | { kind: 'too_young'; kid: string; readyAt: Date }
  | { kind: 'already_next'; kid: string }
  | { kind: 'other_secret'; kid: string }
  | { kind: 'unknown_key' }
  | { kind: 'already_retired' }

interface ChangeOptions {
  /** How long a key is published, at least, before it signs. */
  noticeSeconds: number
  /** Whether to act although other services may not know the next key. */
  force: boolean
  origin: Origin
}

type Outcome<Done> = ({ kind: 'done' } & Done) | KeyRefusal

/** Lets the next key sign now. Servers follow within a second, and make the key after it. */
export async function rotateKey(
  { db, now: clock }: KeysContext,
  list: KeyList,
  { noticeSeconds, force, origin }: ChangeOptions,
): Promise<Outcome<{ kid: string }>> {
  const now = clock()
  const next = findNext(list, now, force ? 0 : noticeSeconds)
  if (next.kind !== 'ready') return next
  const { kid } = next
  await db.transaction(async (tx) => {
    await scheduleSigningKey(tx, kid, now, now)
    await recordEvent(tx, { kind: 'signing_key_rotated', userId: null, details: { kid } }, origin, now)
  })
  return { kind: 'done', kid }
}

/** Adds a key of an algorithm that does not sign yet, so that other services know it when it begins to. */
export async function addKey(
  { db, now: clock }: KeysContext,
  { keys, inUse }: KeyList,
  { algorithm, sealing, origin }: { algorithm: PublicAlgorithm; sealing: SealingKeys; origin: Origin },
): Promise<Outcome<{ kid: string }>> {
  const waiting = keys.find((key) => key.algorithm === algorithm && key.state === 'next')
  if (waiting) return { kind: 'already_next', kid: waiting.kid }
  if (inUse === algorithm) return { kind: 'no_next_key' }
  // A key that the servers cannot open would stop their next start.
  const closed = keys.find((key) => key.state !== 'refused' && key.state !== 'gone' && !openPrivateHalf(key, sealing))
  if (closed) return { kind: 'other_secret', kid: closed.kid }
  const now = clock()
  const kid = await makeKey({ db }, sealing, { algorithm, keys, signsFrom: null, now })
  if (kid === null) return { kind: 'already_next', kid: algorithm }
  await recordEvent(db, { kind: 'signing_key_added', userId: null, details: { kid, algorithm } }, origin, now)
  return { kind: 'done', kid }
}

/**
 * Retires a key. Its tokens are accepted until the last of them has expired or, with `refuses`, no longer.
 *
 * @returns the key that signs in its place, if it was the one that signed
 */
export async function retireKey(
  { db, now: clock }: KeysContext,
  list: KeyList,
  kid: string,
  { refuses, noticeSeconds, origin }: { refuses: boolean } & Omit<ChangeOptions, 'force'>,
): Promise<Outcome<{ successor: string | null }>> {
  const key = list.keys.find((each) => each.kid === kid)
  if (!key) return { kind: 'unknown_key' }
  const now = clock()
  const next = findNext(list, now, refuses ? 0 : noticeSeconds)
  const needsSuccessor = key.state === 'current'
  if (needsSuccessor && next.kind !== 'ready' && !(refuses && next.kind === 'no_next_key')) return next
  const successor = needsSuccessor && next.kind === 'ready' ? next.kid : null
  const retired = await db.transaction(async (tx: Transaction) => {
    const change = refuses ? refuseSigningKey : retireSigningKey
    if (!(await change(tx, kid, now))) return false
    if (successor !== null) await scheduleSigningKey(tx, successor, now, now)
    const details = { kid, refused: refuses ? 'yes' : 'no' }
    await recordEvent(tx, { kind: 'signing_key_retired', userId: null, details }, origin, now)
    return true
  })
  return retired ? { kind: 'done', successor } : { kind: 'already_retired' }
}

function findNext(
  { inUse, keys }: KeyList,
  now: Date,
  noticeSeconds: number,
): { kind: 'ready'; kid: string } | KeyRefusal {
  if (inUse === 'HS256') return { kind: 'no_key_pairs' }
  if (inUse === 'file') return { kind: 'keys_in_files' }
  const next: ListedKey | undefined = keys.find((key) => key.algorithm === inUse && key.state === 'next')
  if (!next) return { kind: 'no_next_key' }
  const readyAt = new Date(next.created_at.getTime() + noticeSeconds * 1000)
  return readyAt > now ? { kind: 'too_young', kid: next.kid, readyAt } : { kind: 'ready', kid: next.kid }
}

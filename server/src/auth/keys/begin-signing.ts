import type { PublicAlgorithm } from '../../crypto/keys/signing-key.ts'
import {
  refuseSigningKey,
  retireSigningKey,
  scheduleSigningKey,
  storeSealed,
} from '../../storage/keys/change-signing-key.ts'
import { findSealedOtherwise, findSigningKeys } from '../../storage/keys/signing-keys.ts'
import { findSigningKinds } from '../../storage/keys/signing-kinds.ts'
import type { Context } from '../context/context.ts'
import { nextSignsFrom, type RotationTimes } from './complete-keys.ts'
import { keyStates } from './key-states.ts'
import { type SealingKeys, sealedName } from './make-key.ts'
import { openPrivateHalf } from './open-key.ts'

type KeysContext = Pick<Context, 'db' | 'log' | 'now'>

/** Refuses keys for good, also those that a restored backup has revived. */
export async function refuseKeys({ db, log, now }: KeysContext, kids: readonly string[]): Promise<void> {
  for (const kid of kids)
    if (await db.transaction((tx) => refuseSigningKey(tx, kid, now())))
      log.warn({ kid }, 'a signing key of KEYS_REFUSED was accepted until now: a restored backup may have revived it')
}

/** Retires the keys that no secret opens. Their tokens are refused. */
export async function retireUnopened({ db, log, now }: KeysContext, sealing: SealingKeys): Promise<void> {
  for (const row of await findSigningKeys(db)) {
    if (row.retired_at || openPrivateHalf(row, sealing)) continue
    if (await retireSigningKey(db, row.kid, now()))
      log.warn({ kid: row.kid }, 'a signing key was retired, because the secret that opens it is gone')
  }
}

/** Seals every private half under the current key, so that no former secret has to be kept for it. */
export async function resealKeys({ db, log }: KeysContext, sealing: SealingKeys): Promise<void> {
  const [current] = sealing
  for (const row of await findSealedOtherwise(db, current.id)) {
    const bytes = openPrivateHalf(row, sealing)
    if (!bytes) continue
    const sealed = { private_key: current.seal(bytes, sealedName(row)), sealed_by: current.id }
    await storeSealed(db, row, sealed)
    log.info({ kid: row.kid }, 'a signing key was sealed under the current secret')
  }
}

/**
 * Lets the published key of an algorithm that has not signed so far, or not for long, sign now. Keys that other services
 * have forgotten are retired.
 */
export async function beginAlgorithm(
  ctx: KeysContext,
  algorithm: PublicAlgorithm,
  accessTokenLifetimeSeconds: number,
): Promise<void> {
  const kinds = await findSigningKinds(ctx.db)
  const endedAt = kinds.find(({ kind }) => kind === algorithm)?.ended_at ?? ctx.now()
  const inUse = kinds.find(({ ended_at }) => ended_at === null)?.kind ?? 'HS256'
  if (inUse === algorithm) return
  const now = ctx.now()
  const rules = { own: inUse, kinds, accessTokenLifetimeSeconds }
  const keys = keyStates(await findSigningKeys(ctx.db), rules, now).filter((key) => key.algorithm === algorithm)
  for (const { kid, state } of keys)
    if (state === 'leaving' || state === 'gone') await retireSigningKey(ctx.db, kid, endedAt)
  const [next] = keys.filter(({ state }) => state === 'next')
  const isKnown = keys.some(({ state, signs_from_at }) => state === 'previous' && signs_from_at)
  if (next && !isKnown) await scheduleSigningKey(ctx.db, next.kid, now, now)
}

/** Moves the time of the next key to what `KEY_ROTATION` says now. */
export async function rescheduleNext(
  { db, now: clock }: KeysContext,
  algorithm: PublicAlgorithm,
  accessTokenLifetimeSeconds: number,
  times: RotationTimes,
): Promise<void> {
  const now = clock()
  const rules = { own: algorithm, kinds: await findSigningKinds(db), accessTokenLifetimeSeconds }
  const keys = keyStates(await findSigningKeys(db), rules, now).filter((key) => key.algorithm === algorithm)
  const current = keys.find(({ state }) => state === 'current')
  const next = keys.find(({ state }) => state === 'next')
  if (!current || !next) return
  const signsFrom = nextSignsFrom(current, times, next.created_at)
  if (signsFrom?.getTime() !== next.signs_from_at?.getTime()) await scheduleSigningKey(db, next.kid, signsFrom, now)
}

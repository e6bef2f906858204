import type { Context } from '../context/context.ts'
import { beginKind } from './begin-kind.ts'
import { beginAlgorithm, refuseKeys, rescheduleNext, resealKeys, retireUnopened } from './begin-signing.ts'
import { createPublicKeyRing, type KeyRingOptions, type PublicKeyRing } from './public-key-ring.ts'

/** When a process may change rows: not while a move has them. */
export interface WritableTimes {
  mayWrite: () => boolean
  /** Runs steps now, or as soon as they may be taken. */
  whenWritable: (steps: () => Promise<void>) => Promise<void>
}

interface BeginRingOptions extends Omit<KeyRingOptions, 'mayComplete'> {
  writable: WritableTimes
  /** The keys of `KEYS_REFUSED`. */
  refusedKids: readonly string[]
  /** Whether a key that no secret opens is replaced without asking. */
  replacesUnopened: boolean
}

/** Reads the keys of the database for a process that signs with them, or only reads them, and prepares them when it may. */
export async function beginRing(
  ctx: Pick<Context, 'db' | 'log' | 'now'>,
  { refusedKids, replacesUnopened, writable, ...options }: BeginRingOptions,
): Promise<PublicKeyRing> {
  const { own, accessTokenLifetimeSeconds, times, sealing } = options
  let hasBegun = false
  const ring = createPublicKeyRing(ctx, { ...options, mayComplete: () => hasBegun && writable.mayWrite() })
  if (!writable.mayWrite()) await ring.read()
  await writable.whenWritable(async () => {
    await refuseKeys(ctx, refusedKids)
    await resealKeys(ctx, sealing)
    if (replacesUnopened) await retireUnopened(ctx, sealing)
    if (own !== 'HS256' && own !== 'file') await beginAlgorithm(ctx, own, accessTokenLifetimeSeconds)
    if (own !== 'HS256') await beginKind(ctx, own)
    hasBegun = true
    await ring.read()
    if (own !== 'HS256' && own !== 'file') {
      await rescheduleNext(ctx, own, accessTokenLifetimeSeconds, times)
      await ring.read()
    }
  })
  return ring
}

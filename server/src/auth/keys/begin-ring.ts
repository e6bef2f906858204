import type { Context } from '../context/context.ts'
import { beginKind } from './begin-kind.ts'
import { beginAlgorithm, refuseKeys, rescheduleNext, resealKeys, retireUnopened } from './begin-signing.ts'
import { createPublicKeyRing, type KeyRingOptions, type PublicKeyRing } from './public-key-ring.ts'

interface BeginRingOptions extends KeyRingOptions {
  /** The keys of `KEYS_REFUSED`. */
  refusedKids: readonly string[]
  /** Whether a key that no secret opens is replaced without asking. */
  replacesUnopened: boolean
}

/** Prepares the keys of the database for a process that signs with them, or only reads them, and reads them. */
export async function beginRing(
  ctx: Pick<Context, 'db' | 'log' | 'now'>,
  { refusedKids, replacesUnopened, ...options }: BeginRingOptions,
): Promise<PublicKeyRing> {
  const { own, accessTokenLifetimeSeconds, times, sealing } = options
  await refuseKeys(ctx, refusedKids)
  await resealKeys(ctx, sealing)
  if (replacesUnopened) await retireUnopened(ctx, sealing)
  if (own !== 'HS256' && own !== 'file') await beginAlgorithm(ctx, own, accessTokenLifetimeSeconds)
  if (own !== 'HS256') await beginKind(ctx, own)
  const ring = createPublicKeyRing(ctx, options)
  await ring.read()
  if (own !== 'HS256' && own !== 'file') {
    await rescheduleNext(ctx, own, accessTokenLifetimeSeconds, times)
    await ring.read()
  }
  return ring
}

import type { KeyPairSigningKey } from '../../crypto/keys/signing-key.ts'
import type { PublicKeys } from '../../crypto/tokens/access-token.ts'
import { Unavailable } from '../../storage/database/errors.ts'
import { findSigningKeys, type SigningKeyRow } from '../../storage/keys/signing-keys.ts'
import { findSigningKinds, type SigningKind, type SigningKindRow } from '../../storage/keys/signing-kinds.ts'
import type { Context } from '../context/context.ts'
import { completeKeys, type RotationTimes } from './complete-keys.ts'
import { keyStates, MAX_COPY_AGE_SECONDS } from './key-states.ts'
import { type KeyView, publicKeyName, type ReadKey, viewKeys } from './key-view.ts'
import type { SealingKeys } from './make-key.ts'
import { type OpenedKey, openKey } from './open-key.ts'
import type { VerifiedTokens } from './verified-tokens.ts'

export interface KeyRingOptions {
  /** The kind that this process signs with. */
  own: SigningKind
  accessTokenLifetimeSeconds: number
  times: RotationTimes
  sealing: SealingKeys
  verified: VerifiedTokens
  /** Returns the keys of `SIGNING_KEY_FILE`. */
  files: () => readonly OpenedKey[]
  /** Whether keys that are missing may be made now. */
  mayComplete: () => boolean
}

/** The keys of all replicas, in a copy that is read again all the time. */
export interface PublicKeyRing extends PublicKeys {
  /** Reads the keys, and makes those that are missing, if it may. @throws {Unavailable} */
  read(): Promise<void>
  /** Whether there is no key pair at all. */
  isEmpty(): boolean
  /** Returns the key that signs, or the next one, if no secret of this process opens it; null if all is well. */
  unopened(): string | null
}

interface Copy {
  readAt: number
  rows: readonly ReadKey[]
  kinds: readonly SigningKindRow[]
}

const MAX_COPY_AGE_MILLISECONDS = MAX_COPY_AGE_SECONDS * 1000
/** Longer than the keys are read every second anyway: however many tokens name unknown keys, they cause no statement more. */
const MIN_READ_INTERVAL_MILLISECONDS = 1500
const MAX_STEPS = 4

export function createPublicKeyRing(ctx: Pick<Context, 'db' | 'log' | 'now'>, options: KeyRingOptions): PublicKeyRing {
  const { own, accessTokenLifetimeSeconds, times, sealing, verified } = options
  const opened = new Map<string, { sealed: string; key: OpenedKey | null }>()
  let copy: Copy | null = null
  let view: { at: number; keys: KeyView } | null = null
  let reading: Promise<void> | null = null
  let otherKind: SigningKind | null = null
  let lastReadAt = Number.NEGATIVE_INFINITY

  const remembering = (key: OpenedKey | null) => key && { ...key, signing: verified.remember(key.signing) }

  /** Opens a key once. One that was sealed anew, under a secret that this process lacks, stays open. */
  function open(row: SigningKeyRow): ReadKey {
    const known = opened.get(row.kid)
    if (known?.sealed === row.private_key) return { ...row, opened: known.key }
    const key = remembering(openKey(row, sealing)) ?? known?.key ?? null
    opened.set(row.kid, { sealed: row.private_key, key })
    return { ...row, opened: key }
  }

  /** Warns once when replicas sign with different kinds: the one of them that is not in use is soon refused by the others. */
  function warnOfOtherKind(kinds: readonly SigningKindRow[]): void {
    const inUse = kinds.find(({ ended_at }) => ended_at === null)?.kind ?? own
    if (inUse !== own && inUse !== otherKind)
      ctx.log.warn({ own, inUse }, 'another replica signs with other keys: give all replicas the same JWT_ALGORITHM')
    otherKind = inUse
  }

  async function readNow(): Promise<void> {
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const now = ctx.now()
      const kinds = await findSigningKinds(ctx.db)
      const rows = (await findSigningKeys(ctx.db)).map(open)
      copy = { readAt: now.getTime(), rows, kinds }
      view = null
      warnOfOtherKind(kinds)
      if (own === 'HS256' || own === 'file' || !options.mayComplete()) return
      const rules = { own, kinds, accessTokenLifetimeSeconds }
      if (!(await completeKeys(ctx, { algorithm: own, keys: rows, rules, times, sealing, now }))) return
    }
  }

  function read(): Promise<void> {
    lastReadAt = ctx.now().getTime()
    reading ??= readNow().finally(() => {
      reading = null
    })
    return reading
  }

  /** Reads the keys unless that was tried a moment ago. */
  async function readSoon(): Promise<void> {
    const isRecent = Math.abs(ctx.now().getTime() - lastReadAt) < MIN_READ_INTERVAL_MILLISECONDS
    await (reading ?? (isRecent ? null : read()))
  }

  const isFresh = (now: Date) => copy !== null && Math.abs(now.getTime() - copy.readAt) <= MAX_COPY_AGE_MILLISECONDS

  /** Returns the keys at a time, which is rounded: states change at most every second. */
  function viewAt(now: Date): KeyView {
    if (copy === null) throw new Unavailable('the signing keys were never read')
    const at = Math.floor(now.getTime() / 1000)
    if (view?.at !== at) {
      const rules = { own, kinds: copy.kinds, accessTokenLifetimeSeconds }
      view = { at, keys: viewKeys(copy.rows, options.files(), rules, now) }
    }
    return view.keys
  }

  async function signerAfterReading(): Promise<KeyPairSigningKey> {
    await read()
    const { signer } = viewAt(ctx.now())
    if (signer) return signer
    ctx.log.error({}, 'no secret of this server opens the signing key: list it in REFRESH_PREVIOUS_SECRET_KEYS')
    throw new Unavailable('the signing key cannot be opened')
  }

  return {
    read,
    isEmpty: () => copy?.rows.length === 0 && options.files().length === 0,
    unopened() {
      if (copy === null || own === 'HS256' || own === 'file') return null
      const rules = { own, kinds: copy.kinds, accessTokenLifetimeSeconds }
      const needed = keyStates(copy.rows, rules, ctx.now()).filter(
        ({ algorithm, state }) => algorithm === own && (state === 'current' || state === 'next'),
      )
      return needed.find(({ opened }) => opened === null)?.kid ?? null
    },

    signer() {
      if (own === 'HS256') return null
      const now = ctx.now()
      const { signer } = isFresh(now) ? viewAt(now) : { signer: null }
      return signer ?? signerAfterReading()
    },

    find(header, now) {
      const known = copy && viewAt(now).verifiers.get(header)
      if (known) return known
      const name = publicKeyName(header)
      if (name === null) return null
      const named = copy && viewAt(now).verifiers.get(name)
      return named ?? readSoon().then(() => viewAt(now).verifiers.get(name) ?? null)
    },

    acceptsSecret: (now) => own === 'HS256' || viewAt(now).acceptsSecret,

    async published() {
      const now = ctx.now()
      // The last copy is published as long as the database is away.
      if (!isFresh(now)) await readSoon().catch((error) => copy ?? Promise.reject(error))
      return viewAt(now).published
    },
  }
}

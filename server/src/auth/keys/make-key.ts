import type { KeyObject } from 'node:crypto'
import type { SealingKey } from '../../crypto/keys/keys.ts'
import { generateSigningKey, type PublicAlgorithm, type PublicJwk, publicJwk } from '../../crypto/keys/signing-key.ts'
import { insertSigningKey, type SigningKeyRow } from '../../storage/keys/signing-keys.ts'
import type { Context } from '../context/context.ts'

/** Keys that seal and open private halves; the first one seals. */
export type SealingKeys = readonly [SealingKey, ...SealingKey[]]

/** The name under which a private half is sealed: it opens for no other row. */
export const sealedName = ({ kid }: Pick<SigningKeyRow, 'kid'>): string => `signing key ${kid}`

interface MakeKeyInput {
  algorithm: PublicAlgorithm
  /** All keys of the installation. */
  keys: readonly Pick<SigningKeyRow, 'algorithm' | 'sequence'>[]
  /** Null: when its algorithm begins, or an operator says so. */
  signsFrom: Date | null
  now: Date
}

/** Makes the next key pair of an algorithm. Of replicas that do so at once, one does; the others return null. */
export async function makeKey(
  { db }: Pick<Context, 'db'>,
  [sealing]: SealingKeys,
  { algorithm, keys, signsFrom, now }: MakeKeyInput,
): Promise<string | null> {
  const { privateKey, jwk } = await drawKey(algorithm)
  const { kid } = jwk
  const sequences = keys.filter((key) => key.algorithm === algorithm).map(({ sequence }) => sequence)
  const made = await insertSigningKey(
    db,
    {
      kid,
      algorithm,
      sequence: Math.max(0, ...sequences) + 1,
      public_jwk: JSON.stringify(jwk),
      private_key: sealing.seal(privateKey.export({ type: 'pkcs8', format: 'der' }), sealedName({ kid })),
      sealed_by: sealing.id,
      signs_from_at: signsFrom,
    },
    now,
  )
  return made ? kid : null
}

/** Draws a key pair whose id a command line does not take for an option. */
async function drawKey(algorithm: PublicAlgorithm): Promise<{ privateKey: KeyObject; jwk: PublicJwk }> {
  for (;;) {
    const privateKey = await generateSigningKey(algorithm)
    const jwk = publicJwk(algorithm, privateKey)
    if (!jwk.kid.startsWith('-')) return { privateKey, jwk }
  }
}

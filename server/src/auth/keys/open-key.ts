import { createPrivateKey } from 'node:crypto'
import {
  algorithmOfKey,
  type KeyPairSigningKey,
  type PublicJwk,
  privateSigningKey,
  publicJwk,
} from '../../crypto/keys/signing-key.ts'
import type { SigningKeyRow } from '../../storage/keys/signing-keys.ts'
import { type SealingKeys, sealedName } from './make-key.ts'

/** A key pair that this process can use. */
export interface OpenedKey {
  jwk: PublicJwk
  signing: KeyPairSigningKey
}

/**
 * Opens a key of the database; null if no secret of this process does. Only the sealed half counts: a writer of the database
 * who cannot seal can add no key.
 */
export function openKey(row: SigningKeyRow, sealing: SealingKeys): OpenedKey | null {
  const bytes = openPrivateHalf(row, sealing)
  if (!bytes) return null
  const privateKey = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' })
  const algorithm = algorithmOfKey(privateKey)
  if (algorithm !== row.algorithm) return null
  const jwk = publicJwk(algorithm, privateKey)
  return { jwk, signing: privateSigningKey(jwk, privateKey) }
}

/** Returns the private half as PKCS #8; null if none of the keys opens it. */
export function openPrivateHalf(
  row: Pick<SigningKeyRow, 'kid' | 'private_key' | 'sealed_by'>,
  sealing: SealingKeys,
): Buffer | null {
  const key = sealing.find(({ id }) => id === row.sealed_by)
  return key?.open(row.private_key, sealedName(row)) ?? null
}

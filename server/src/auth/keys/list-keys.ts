import { findSigningKeys, type SigningKeyRow } from '../../storage/keys/signing-keys.ts'
import { findSigningKinds, type SigningKind } from '../../storage/keys/signing-kinds.ts'
import type { Context } from '../context/context.ts'
import { type KeyState, keyStates } from './key-states.ts'

export type ListedKey = SigningKeyRow & { state: KeyState }

/** The keys of the installation with their states, as its servers see them. */
export interface KeyList {
  /** The kind that signs logins. */
  inUse: SigningKind
  keys: readonly ListedKey[]
}

/** Lists every key that ever was, the oldest of each algorithm first. */
export async function listKeys(
  { db, now }: Pick<Context, 'db' | 'now'>,
  accessTokenLifetimeSeconds: number,
): Promise<KeyList> {
  const kinds = await findSigningKinds(db)
  const inUse = kinds.find(({ ended_at }) => ended_at === null)?.kind ?? 'HS256'
  const rules = { own: inUse, kinds, accessTokenLifetimeSeconds }
  return { inUse, keys: keyStates(await findSigningKeys(db), rules, now()) }
}

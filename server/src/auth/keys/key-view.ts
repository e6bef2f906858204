import type { KeyPairSigningKey, PublicJwk, VerifyingKey } from '../../crypto/keys/signing-key.ts'
import { algorithmAndKid } from '../../crypto/tokens/access-token.ts'
import type { SigningKeyRow } from '../../storage/keys/signing-keys.ts'
import { acceptsSecret, type KeyRules, type KeyState, keyStates } from './key-states.ts'
import type { OpenedKey } from './open-key.ts'

/** The keys of a server at one moment. */
export interface KeyView {
  /** The key that signs; null if there is none, or none that this process can open. */
  signer: KeyPairSigningKey | null
  /** The living keys by the exact header of their tokens, and by `alg` and `kid`. */
  verifiers: ReadonlyMap<string, VerifyingKey>
  published: readonly PublicJwk[]
  acceptsSecret: boolean
}

const LIVING: readonly KeyState[] = ['current', 'next', 'previous']

/** A key of the database, opened if a secret of this process does. */
export type ReadKey = SigningKeyRow & { opened: OpenedKey | null }

/** @param files the keys of `SIGNING_KEY_FILE`; the first one signs where the process signs with files */
export function viewKeys(rows: readonly ReadKey[], files: readonly OpenedKey[], rules: KeyRules, now: Date): KeyView {
  const states = keyStates(rows, rules, now)
  const openedIn = (among: readonly KeyState[]) =>
    states.filter(({ state }) => among.includes(state)).flatMap(({ opened }) => opened ?? [])
  const living = [...files, ...openedIn(LIVING)].map(({ signing }) => signing)
  const current = states.find(({ state, algorithm }) => state === 'current' && algorithm === rules.own)
  const signer = (rules.own === 'file' ? files[0] : current?.opened)?.signing ?? null
  const others = living.filter(({ kid }) => kid !== signer?.kid)
  const placed = (signer ? [signer, ...others] : others).map((key, index) => ({
    ...key,
    position: signer ? index : index + 1,
  }))
  return {
    signer,
    verifiers: new Map(
      placed.flatMap((key) => [[key.header, key] as const, [`${key.algorithm} ${key.kid}`, key] as const]),
    ),
    published: [...files, ...openedIn([...LIVING, 'leaving'])].map(({ jwk }) => jwk),
    acceptsSecret: acceptsSecret(rules, now),
  }
}

const PUBLIC_KEY_NAME = /^(ES256|EdDSA|RS256) ([\w-]{43})$/

/** Returns `alg` and `kid` of a header that may name a key pair; null for every other header. */
export function publicKeyName(header: string): string | null {
  const name = algorithmAndKid(header)
  return name !== null && PUBLIC_KEY_NAME.test(name) ? name : null
}

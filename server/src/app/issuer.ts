import type { Config } from '../config/reading/config.ts'

/** The address that tokens name as their issuer, and where other services find the keys. */
export interface Issuer {
  /** Returns the claim `iss`; null for none. */
  claim(): string | null
  /** Returns the issuer, and the address below which verifiers look for it and its keys; null if the settings name none. */
  documents(): { issuer: string; address: string } | null
  /** Tells where the server listens: the issuer of a development server without `PUBLIC_URL`. */
  listensAt(url: string): void
}

export function createIssuer({
  algorithm,
  issuer,
  publicUrl,
}: Pick<Config, 'algorithm' | 'issuer' | 'publicUrl'>): Issuer {
  let address = publicUrl
  const hasPublicKeys = algorithm !== 'HS256'
  const claim = () => issuer ?? (hasPublicKeys ? address : null)
  return {
    claim,
    documents() {
      if (address === null) return null
      // Verifiers refuse a document that names another issuer than the address where it stands.
      if (!hasPublicKeys && issuer !== null && issuer !== address) return null
      return { issuer: claim() ?? address, address: address.replace(/\/$/, '') }
    },
    listensAt(url) {
      if (hasPublicKeys) address ??= url
    },
  }
}

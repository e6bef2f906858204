import { type CryptoKey, compactVerify, decodeProtectedHeader, errors, type ProtectedHeaderParameters } from 'jose'
import type { PublicKeys } from '../remote/public-keys.ts'
import { malformed, VerifyError } from './verify-error.ts'

export const SECRET_ALGORITHMS = ['HS256', 'HS512'] as const
export const PUBLIC_ALGORITHMS = ['ES256', 'EdDSA', 'RS256'] as const
export type Algorithm = (typeof SECRET_ALGORITHMS)[number] | (typeof PUBLIC_ALGORITHMS)[number]

export const isSecretAlgorithm = (algorithm: Algorithm) => algorithm.startsWith('HS')

export interface Signed {
  payload: unknown
  kid: string | undefined
}

/** The one place that trusts a signature: the algorithm decides which kind of key may verify it, never the key. */
export interface Signatures {
  /** @throws {VerifyError} */
  verify(text: string, types: readonly string[]): Promise<Signed>
}

const MAX_CHARACTERS = 4096
const COMPACT = /^[\w-]+\.[\w-]+\.[\w-]+$/
const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

interface SignaturesOptions {
  secrets: readonly string[]
  algorithms: readonly Algorithm[]
  publicKeys: PublicKeys | null
  maxCharacters?: number
}

export function createSignatures(options: SignaturesOptions): Signatures {
  const { secrets, algorithms, publicKeys, maxCharacters = MAX_CHARACTERS } = options
  const hmacKeys = new Map<string, Promise<readonly CryptoKey[]>>()

  function secretKeys(algorithm: string): Promise<readonly CryptoKey[]> {
    const keys = hmacKeys.get(algorithm) ?? Promise.all(secrets.map((secret) => importSecret(secret, algorithm)))
    hmacKeys.set(algorithm, keys)
    return keys
  }

  /** Tries the key that the token names, or every secret: only their holders can sign. */
  async function verifyWithAny(text: string, alg: Algorithm, kid: string | undefined) {
    const rules = { algorithms: [alg] }
    if (!isSecretAlgorithm(alg) && publicKeys) {
      if (kid === undefined) throw malformed('The token names no key')
      return compactVerify(text, publicKeys.find, rules)
    }
    for (const key of isSecretAlgorithm(alg) ? await secretKeys(alg) : []) {
      const verified = await compactVerify(text, key, rules).catch(rethrowUnlessOther)
      if (verified) return verified
    }
    throw malformed('The signature is of another key')
  }

  const isAllowed = (alg: unknown): alg is Algorithm => (algorithms as readonly unknown[]).includes(alg)

  return {
    async verify(text, types) {
      if (typeof text !== 'string' || text.length > maxCharacters || !COMPACT.test(text) || !isCanonical(text))
        throw malformed('This is no token')
      const header = readHeader(text)
      const { alg, typ, kid, crit } = header
      if (!isAllowed(alg)) throw malformed('The algorithm is not allowed')
      if (typeof typ !== 'string' || !types.includes(typ)) throw malformed('This is another type of token')
      if (crit !== undefined || (kid !== undefined && typeof kid !== 'string'))
        throw malformed('The header is not valid')
      try {
        const { payload } = await verifyWithAny(text, alg, kid)
        return { payload: JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(payload)), kid }
      } catch (error) {
        if (error instanceof VerifyError) throw error
        throw new VerifyError('malformed', 'The signature is of another key', { cause: error })
      }
    },
  }
}

function readHeader(text: string): ProtectedHeaderParameters {
  try {
    return decodeProtectedHeader(text)
  } catch {
    throw malformed('The header cannot be read')
  }
}

function importSecret(secret: string, algorithm: string): Promise<CryptoKey> {
  const hash = `SHA-${algorithm.slice(2)}`
  return crypto.subtle.importKey('raw', new TextEncoder().encode(secret), { name: 'HMAC', hash }, false, ['verify'])
}

function rethrowUnlessOther(error: unknown): null {
  if (error instanceof errors.JWSSignatureVerificationFailed) return null
  throw error
}

/** A token has one text only: the unused bits of a part's last character must be zero (RFC 4648, 3.5). */
function isCanonical(text: string): boolean {
  return text.split('.').every((part) => {
    const last = BASE64URL.indexOf(part.at(-1) ?? 'A')
    return [true, false, (last & 0b1111) === 0, (last & 0b11) === 0][part.length % 4]
  })
}

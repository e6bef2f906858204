import type { AccessTokenKind, Keys } from '../keys/keys.ts'
import { headerPart, type KeyPairSigningKey, type PublicJwk, type VerifyingKey } from '../keys/signing-key.ts'
import { isUuid } from './uuid.ts'

/** The claims of RFC 7519 and Tessera's own; times are in seconds since 1970. */
interface AccessTokenClaims {
  /** The user's GUID. */
  sub: string
  /** The session that the token was issued in. */
  sid: string
  jti: string
  role: string
  /** The version of the user's tokens, absent in old ones. Tessera itself reads the user instead. */
  ver?: number
  iat: number
  exp: number
  /** The issuer and the audience of the settings of its time, if they had any. */
  iss?: string
  aud?: string | string[]
}

/** A pair's access token is bound to the one refresh token it was issued with: session and generation. */
interface AccessTokenBinding {
  guid: string
  ip: string
  gen: number
}

/** How and when the user of a login authenticated (OpenID Connect Core, 2; RFC 8176). Tokens from before have neither. */
interface AuthenticationClaims {
  auth_time: number
  amr: readonly string[]
}

type PairAccessTokenClaims = AccessTokenClaims & AccessTokenBinding

type VerifiedAccessToken = {
  /** The place of its key among those that are accepted; 0 is the current one. */
  position: number
} & ({ kind: 'login'; claims: AccessTokenClaims } | { kind: 'pair'; claims: PairAccessTokenClaims })

/** A value that is there at once, unless the database must be asked first. */
type Soon<Value> = Value | Promise<Value>

/** The key pairs that this server and its replicas sign the access tokens of logins with. */
export interface PublicKeys {
  /** Returns the key that signs logins at the moment; null while the secret signs them. @throws {Unavailable} */
  signer(): Soon<KeyPairSigningKey | null>
  /** Finds the living key of a token by the exact text, or else by `alg` and `kid`, of its header. @throws {Unavailable} */
  find(header: string, now: Date): Soon<VerifyingKey | null>
  /** Whether logins that the secret signed are still accepted. */
  acceptsSecret(now: Date): boolean
  /** Returns the keys that other services verify with. @throws {Unavailable} if they were never read */
  published(): Promise<readonly PublicJwk[]>
}

export interface AccessTokens {
  /**
   * Signs an access token: at once, or after a signature that takes long.
   *
   * @param custom claims of operators, none of which replaces another claim
   * @throws {HashPoolFull} or {Unavailable}
   */
  sign(
    kind: AccessTokenKind,
    claims: AccessTokenClaims & Partial<AccessTokenBinding & AuthenticationClaims>,
    custom?: Readonly<Record<string, unknown>>,
  ): Soon<string>
  /**
   * Returns `null` unless the token is in canonical form and signed by a key of the ring with the algorithm of its kind,
   * has the right `typ`, and every claim is present and finite (RFC 8725). Does not check the session.
   *
   * @param options.ignoreTimes a pair may be refreshed after its access token expired, or after the lifetime was changed
   * @throws {Unavailable} if only the database knows the key
   */
  verify(token: string, options: VerifyOptions): Soon<VerifiedAccessToken | null>
  /** Returns why {@link verify} refuses a token; null for one that it does not. For the metrics: it takes its time. */
  explain(token: string, now: Date): Promise<TokenFault | null>
}

/** A token of another type is one of this server's, but no access token. */
type TokenFault = 'malformed' | 'unknown_key' | 'wrong_kind' | 'expired'

interface VerifyOptions {
  now: Date
  ignoreTimes?: boolean
}

const CLOCK_SKEW_SECONDS = 60
const MAX_TOKEN_CHARACTERS = 4096

/** Settings of access tokens. */
export interface AccessTokenSettings {
  lifetimeSeconds: number
  /** Returns the `iss` of each token; null for none. */
  issuer: () => string | null
  /** The `aud` of each token; none if it is empty. Tessera itself judges neither. */
  audience: readonly string[]
}

/** The keys of a server that has no key pair. */
const NO_PUBLIC_KEYS: PublicKeys = {
  signer: () => null,
  find: () => null,
  acceptsSecret: () => true,
  published: async () => [],
}

export function createAccessTokens(
  keys: Keys,
  settings: AccessTokenSettings,
  publicKeys = NO_PUBLIC_KEYS,
): AccessTokens {
  const { lifetimeSeconds, issuer, audience } = settings
  const aud = audience.length === 1 ? audience[0] : audience
  const addressed = () => {
    const iss = issuer()
    return { ...(iss !== null && { iss }), ...(audience.length > 0 && { aud }) }
  }
  const verifiers = new Map(
    (['login', 'pair'] as const).flatMap((kind) =>
      keys.signing[kind].flatMap((key, position) => {
        const verifier = { kind, key: { ...key, position } }
        // Found by the exact header that this server writes, without parsing it, or else by the header's `alg` and `kid`.
        return [
          [key.header, verifier],
          [`${key.algorithm} ${key.kid}`, verifier],
        ] as const
      }),
    ),
  )

  /** Whether a token has not expired, is not from the future, and does not live longer than the configured lifetime. */
  const isWithinLifetime = ({ iat, exp }: AccessTokenClaims, nowSeconds: number) =>
    exp > nowSeconds && iat <= nowSeconds + CLOCK_SKEW_SECONDS && exp - iat <= lifetimeSeconds

  function judge(kind: AccessTokenKind, key: VerifyingKey, token: string, { now, ignoreTimes = false }: VerifyOptions) {
    let claims: Record<string, unknown>
    try {
      claims = key.verify(token)
    } catch {
      return null
    }
    if (!hasRequiredClaims(claims)) return null
    if (!ignoreTimes && !isWithinLifetime(claims, now.getTime() / 1000)) return null
    const { position = 0 } = key
    if (kind === 'login') return { kind, claims, position }
    return hasPairClaims(claims) ? { kind, claims, position } : null
  }

  return {
    sign(kind, claims, custom) {
      const payload = { ...custom, ...addressed(), ...claims }
      const [secret] = keys.signing[kind]
      if (kind === 'pair') return secret.sign(payload)
      const signer = publicKeys.signer()
      if (signer instanceof Promise) return signer.then((key) => (key ?? secret).sign(payload))
      return (signer ?? secret).sign(payload)
    },

    verify(token, options) {
      if (token.length > MAX_TOKEN_CHARACTERS || !isCanonical(token)) return null
      const header = headerPart(token)
      const verifier = verifiers.get(header)
      if (!verifier) {
        const found = publicKeys.find(header, options.now)
        if (found instanceof Promise) return found.then((key) => key && judge('login', key, token, options))
        if (found) return judge('login', found, token, options)
      }
      const { kind, key } = verifier ?? verifiers.get(algorithmAndKid(header) ?? '') ?? {}
      if (!kind || !key || (kind === 'login' && !publicKeys.acceptsSecret(options.now))) return null
      return judge(kind, key, token, options)
    },

    async explain(token, now) {
      if (token.length > MAX_TOKEN_CHARACTERS || !isCanonical(token)) return 'malformed'
      const header = headerPart(token)
      const name = algorithmAndKid(header)
      if (name === null) return 'malformed'
      const key = (verifiers.get(header) ?? verifiers.get(name))?.key ?? (await publicKeys.find(header, now))
      if (!key) return 'unknown_key'
      if (typeOf(header) !== typeOf(key.header)) return 'wrong_kind'
      if (await this.verify(token, { now })) return null
      return (await this.verify(token, { now, ignoreTimes: true })) ? 'expired' : 'malformed'
    },
  }
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * A token must have exactly one encoding. The library rejects characters outside this alphabet, but ignores the two or
 * four unused bits of a part's last character: they must be zero (RFC 4648, 3.5).
 */
function isCanonical(token: string): boolean {
  return token.split('.').every((part) => {
    const last = BASE64URL.indexOf(part.at(-1) ?? 'A')
    return [true, false, (last & 0b1111) === 0, (last & 0b11) === 0][part.length % 4]
  })
}

/** Used only to find the key: the header is then checked against the key's own algorithm and type. Null if it has none. */
export function algorithmAndKid(header: string): string | null {
  try {
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    return typeof alg === 'string' && typeof kid === 'string' ? `${alg} ${kid}` : null
  } catch {
    return null
  }
}

function typeOf(header: string): unknown {
  return JSON.parse(Buffer.from(header, 'base64url').toString()).typ
}

function hasRequiredClaims(claims: Record<string, unknown>): claims is Record<string, unknown> & AccessTokenClaims {
  const { sub, sid, jti, role, iat, exp } = claims
  return (
    isUuidClaim(sub) && isUuidClaim(sid) && isUuidClaim(jti) && typeof role === 'string' && isTime(iat) && isTime(exp)
  )
}

function hasPairClaims(claims: AccessTokenClaims): claims is PairAccessTokenClaims {
  const { guid, ip, gen } = claims as Partial<PairAccessTokenClaims>
  return guid === claims.sub && typeof ip === 'string' && Number.isSafeInteger(gen)
}

function isUuidClaim(claim: unknown): claim is string {
  return typeof claim === 'string' && isUuid(claim)
}

function isTime(claim: unknown): claim is number {
  return Number.isSafeInteger(claim) && (claim as number) > 0
}

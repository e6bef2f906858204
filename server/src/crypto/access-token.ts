import type { AccessTokenKind, Keys } from './keys.ts'
import { isUuid } from './uuid.ts'

/** The claims of RFC 7519 and Tessera's own; times are in seconds since 1970. */
interface AccessTokenClaims {
  /** The user's GUID. */
  sub: string
  /** The session that the token was issued in. */
  sid: string
  jti: string
  role: string
  iat: number
  exp: number
}

/** A pair's access token is bound to the one refresh token it was issued with: session and generation. */
interface AccessTokenBinding {
  guid: string
  ip: string
  gen: number
}

type PairAccessTokenClaims = AccessTokenClaims & AccessTokenBinding

type VerifiedAccessToken =
  | { kind: 'login'; claims: AccessTokenClaims }
  | { kind: 'pair'; claims: PairAccessTokenClaims }

export interface AccessTokens {
  sign(kind: AccessTokenKind, claims: AccessTokenClaims & Partial<AccessTokenBinding>): string
  /**
   * Returns `null` unless the token is in canonical form and signed by a key of the ring with the algorithm of its kind,
   * has the right `typ`, and every claim is present and finite (RFC 8725). Does not check the session.
   *
   * @param options.ignoreTimes a pair may be refreshed after its access token expired, or after the lifetime was changed
   */
  verify(token: string, options: { now: Date; ignoreTimes?: boolean }): VerifiedAccessToken | null
}

const CLOCK_SKEW_SECONDS = 60
const MAX_TOKEN_CHARACTERS = 2048

/** Settings of access tokens. */
export interface AccessTokenSettings {
  lifetimeSeconds: number
  /** The `iss` of each token; null for none. */
  issuer: string | null
  /** The `aud` of each token; none if it is empty. Tessera itself judges neither. */
  audience: readonly string[]
}

export function createAccessTokens(keys: Keys, settings: AccessTokenSettings): AccessTokens {
  const { lifetimeSeconds, issuer, audience } = settings
  const addressed = {
    ...(issuer !== null && { iss: issuer }),
    ...(audience.length > 0 && { aud: audience.length === 1 ? audience[0] : audience }),
  }
  const verifiers = new Map(
    (['login', 'pair'] as const).flatMap((kind) =>
      keys.signing[kind].flatMap((key) => {
        const verifier = { kind, key }
        // Found by the exact header that this server writes, without parsing it, or else by the header's `alg` and `kid`.
        return [
          [headerPart(key.sign({})), verifier],
          [`${key.algorithm} ${key.kid}`, verifier],
        ] as const
      }),
    ),
  )

  /** Whether a token has not expired, is not from the future, and does not live longer than the configured lifetime. */
  const isWithinLifetime = ({ iat, exp }: AccessTokenClaims, nowSeconds: number) =>
    exp > nowSeconds && iat <= nowSeconds + CLOCK_SKEW_SECONDS && exp - iat <= lifetimeSeconds

  return {
    sign: (kind, claims) => keys.signing[kind][0].sign({ ...addressed, ...claims }),

    verify(token, { now, ignoreTimes = false }) {
      if (token.length > MAX_TOKEN_CHARACTERS || !isCanonical(token)) return null
      const header = headerPart(token)
      const verifier = verifiers.get(header) ?? verifiers.get(algorithmAndKid(header))
      if (!verifier) return null
      let claims: Record<string, unknown>
      try {
        claims = verifier.key.verify(token)
      } catch {
        return null
      }
      if (!hasRequiredClaims(claims)) return null
      if (!ignoreTimes && !isWithinLifetime(claims, now.getTime() / 1000)) return null
      if (verifier.kind === 'login') return { kind: 'login', claims }
      return hasPairClaims(claims) ? { kind: 'pair', claims } : null
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

function headerPart(token: string): string {
  return token.slice(0, token.indexOf('.'))
}

/** Used only to find the key: the header is then checked against the key's own algorithm and type. */
function algorithmAndKid(header: string): string {
  try {
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    return typeof alg === 'string' && typeof kid === 'string' ? `${alg} ${kid}` : ''
  } catch {
    return ''
  }
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

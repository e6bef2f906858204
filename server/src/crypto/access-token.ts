import type { AccessTokenKind, Keys } from './keys.ts'
import { isUuid } from './uuid.ts'

/** RFC 7519 claims plus ours; times in seconds since 1970. */
export interface AccessTokenClaims {
  /** The person's GUID. */
  sub: string
  /** The session it was issued in. */
  sid: string
  jti: string
  role: string
  iat: number
  exp: number
}

/** A pair's access token is bound to the one refresh token it was issued with: session and generation. */
export interface AccessTokenBinding {
  guid: string
  ip: string
  gen: number
}

export type PairAccessTokenClaims = AccessTokenClaims & AccessTokenBinding

export type VerifiedAccessToken =
  | { kind: 'login'; claims: AccessTokenClaims }
  | { kind: 'pair'; claims: PairAccessTokenClaims }

export interface AccessTokens {
  sign(kind: AccessTokenKind, claims: AccessTokenClaims & Partial<AccessTokenBinding>): string
  /**
   * `null` unless the token is one of ours to the last bit: canonical spelling, a key of the ring, the algorithm of its
   * kind, `typ`, every claim present and finite (RFC 8725). Says nothing about the session.
   *
   * @param options.ignoreTimes a pair may be refreshed after its access token expired, or its lifetime was configured anew
   */
  verify(token: string, options: { now: Date; ignoreTimes?: boolean }): VerifiedAccessToken | null
}

const CLOCK_SKEW_SECONDS = 60
const MAX_TOKEN_CHARACTERS = 2048

export function createAccessTokens(keys: Keys, lifetimeSeconds: number): AccessTokens {
  const verifiers = new Map(
    (['login', 'pair'] as const).flatMap((kind) =>
      keys.signing[kind].flatMap((key) => {
        const found = { kind, key }
        // By the header as we write it, which need not be parsed, and by what it says, for whoever writes it otherwise.
        return [
          [headerPart(key.sign({})), found],
          [`${key.algorithm} ${key.kid}`, found],
        ] as const
      }),
    ),
  )

  /** Not expired, not from the future, not made to live longer than ours do. */
  const isTimely = ({ iat, exp }: AccessTokenClaims, nowSeconds: number) =>
    exp > nowSeconds && iat <= nowSeconds + CLOCK_SKEW_SECONDS && exp - iat <= lifetimeSeconds

  return {
    sign: (kind, claims) => keys.signing[kind][0].sign(claims),

    verify(token, { now, ignoreTimes = false }) {
      if (token.length > MAX_TOKEN_CHARACTERS || !isCanonical(token)) return null
      const header = headerPart(token)
      const found = verifiers.get(header) ?? verifiers.get(algorithmAndKid(header))
      if (!found) return null
      let claims: Record<string, unknown>
      try {
        claims = found.key.verify(token)
      } catch {
        return null
      }
      if (!hasOurClaims(claims)) return null
      if (!ignoreTimes && !isTimely(claims, now.getTime() / 1000)) return null
      if (found.kind === 'login') return { kind: 'login', claims }
      return isOfPair(claims) ? { kind: 'pair', claims } : null
    },
  }
}

const BASE64URL = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/**
 * One token must have one spelling. The library refuses other characters than these, but not the twins of a part's last
 * one, of which two or four bits mean nothing: they must be zero (RFC 4648, 3.5).
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

/** Only to find the key: everything the header says is compared with what the ring says about that key. */
function algorithmAndKid(header: string): string {
  try {
    const { alg, kid } = JSON.parse(Buffer.from(header, 'base64url').toString())
    return typeof alg === 'string' && typeof kid === 'string' ? `${alg} ${kid}` : ''
  } catch {
    return ''
  }
}

function hasOurClaims(claims: Record<string, unknown>): claims is Record<string, unknown> & AccessTokenClaims {
  const { sub, sid, jti, role, iat, exp } = claims
  return isUuidText(sub) && isUuidText(sid) && isUuidText(jti) && typeof role === 'string' && isTime(iat) && isTime(exp)
}

function isOfPair(claims: AccessTokenClaims): claims is PairAccessTokenClaims {
  const { guid, ip, gen } = claims as Partial<PairAccessTokenClaims>
  return guid === claims.sub && typeof ip === 'string' && Number.isSafeInteger(gen)
}

function isUuidText(claim: unknown): claim is string {
  return typeof claim === 'string' && isUuid(claim)
}

function isTime(claim: unknown): claim is number {
  return Number.isSafeInteger(claim) && (claim as number) > 0
}

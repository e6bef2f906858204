import { parseSetCookie } from 'cookie'
import type { RefreshKey } from '../../crypto/keys/keys.ts'
import { readRefreshToken } from '../../crypto/tokens/refresh-token.ts'
import { REFRESH_COOKIE, splitCookieValue } from '../../http/request/refresh-cookie.ts'

export interface TokenPair {
  access_token: string
  refresh_token: string
}

/**
 * The tokens that each session got last, as a copy of its client's storage has them. The server itself keeps digests only,
 * so they are taken from the answers that were sent. A dropped answer leaves its client with what it had.
 */
export class DeliveredTokens {
  readonly #keys: readonly RefreshKey[]
  readonly #bySession = new Map<string, TokenPair>()

  constructor(keys: readonly RefreshKey[]) {
    this.#keys = keys
  }

  of(sessionId: string): TokenPair | null {
    return this.#bySession.get(sessionId) ?? null
  }

  clear(): void {
    this.#bySession.clear()
  }

  /** Notes the tokens of an answer, if it has any. */
  note(payload: unknown, setCookie: string | string[] | undefined): void {
    if (typeof payload !== 'string' || !payload.includes('"access_token"')) return
    const body = JSON.parse(payload) as Partial<TokenPair>
    const refreshToken = body.refresh_token ?? tokenInCookie(setCookie)
    const token = refreshToken === null ? null : readRefreshToken(this.#keys, refreshToken)
    if (token === null || body.access_token === undefined) return
    this.#bySession.set(token.sessionId, { access_token: body.access_token, refresh_token: token.encoded })
  }
}

function tokenInCookie(setCookie: string | string[] | undefined): string | null {
  for (const line of [setCookie ?? []].flat()) {
    const cookie = parseSetCookie(line)
    if (cookie?.name === REFRESH_COOKIE) return splitCookieValue(cookie.value ?? '').refreshToken
  }
  return null
}

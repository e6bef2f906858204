import { parseSetCookie } from 'cookie'
import type { RefreshKey } from '../../crypto/keys/keys.ts'
import { readRefreshToken } from '../../crypto/tokens/refresh-token.ts'
import { REFRESH_COOKIE, splitCookieValue } from '../../http/request/refresh-cookie.ts'

export interface StolenTokens {
  access_token: string
  refresh_token: string
  /** The attempt, which a thief may have or lack. */
  attempt: string | null
}

/**
 * The tokens that each session got last, as a copy of its client's storage has them. The server itself keeps digests only,
 * so they are taken from the answers that were sent. A dropped answer leaves its client with what it had.
 */
export class DeliveredTokens {
  readonly #keys: readonly RefreshKey[]
  readonly #bySession = new Map<string, StolenTokens>()

  constructor(keys: readonly RefreshKey[]) {
    this.#keys = keys
  }

  of(sessionId: string): StolenTokens | null {
    return this.#bySession.get(sessionId) ?? null
  }

  clear(): void {
    this.#bySession.clear()
  }

  /** Notes the tokens of an answer, if it has any. */
  note(payload: unknown, headers: Readonly<Record<string, unknown>>): void {
    if (typeof payload !== 'string' || !payload.includes('"access_token"')) return
    const body = JSON.parse(payload) as { access_token?: string; refresh_token?: string }
    const inBody = { refreshToken: body.refresh_token ?? '', attempt: headers['tessera-attempt'] }
    const { refreshToken, attempt } = body.refresh_token === undefined ? inCookie(headers['set-cookie']) : inBody
    const token = readRefreshToken(this.#keys, refreshToken)
    if (token === null || body.access_token === undefined) return
    const before = this.of(token.sessionId)
    const kept = before?.refresh_token === token.encoded ? before.attempt : null // a token that is kept has its attempt
    this.#bySession.set(token.sessionId, {
      access_token: body.access_token,
      refresh_token: token.encoded,
      attempt: typeof attempt === 'string' ? attempt : kept,
    })
  }
}

function inCookie(setCookie: unknown): { refreshToken: string; attempt: string | null } {
  for (const line of [setCookie ?? []].flat()) {
    const cookie = parseSetCookie(String(line))
    if (cookie?.name === REFRESH_COOKIE) return splitCookieValue(cookie.value ?? '')
  }
  return { refreshToken: '', attempt: null }
}

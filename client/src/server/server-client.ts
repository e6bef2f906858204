import type { User } from '../outcomes.ts'
import { createRequests, type Fetch, isVerdict, tokensOf } from '../requests.ts'

export type { Fetch, User }

const REFRESH_COOKIE = /(?:^|;\s*)(__Host-tessera_refresh=[^;\s]+)/
export interface ServerClientOptions {
  /** The address at which this server reaches Tessera, such as `http://localhost:3000`. */
  url: string
  /** How long a page waits for Tessera: 3 seconds unless said, at most 7. The next request repeats what was given up. */
  timeoutSeconds?: number
  fetch?: Fetch
}

/** The request of a browser, as far as Tessera has to know it. */
export interface IncomingRequest {
  /** Its header `Cookie`. */
  cookie?: string | null | undefined
  /** The client's address, for limits; Tessera believes it if this server is in its `TRUSTED_PROXIES`. */
  address?: string | null | undefined
}

export interface ServerSession {
  /** `unknown`: there was no cookie, or no verdict. It does not mean signed out: render the page for every visitor. */
  readonly status: 'unknown' | 'signed_in' | 'signed_out'
  readonly accessToken: string | null
  /** Headers `Set-Cookie` that the answer to the browser must carry, with `Cache-Control: private, no-store`. */
  readonly setCookies: readonly string[]
}

export interface ServerClient {
  /** Refreshes for a request; in one place only, before the page is rendered, such as a proxy, a middleware or a hook. */
  refresh(request: IncomingRequest): Promise<ServerSession>
  /** The user of an access token; null without a verdict, too. */
  user(accessToken: string): Promise<User | null>
}

/** Makes the client of a server that renders pages. Requests share nothing: each has its own user. */
export function createServerClient({
  url,
  timeoutSeconds: limit = 3,
  fetch: given,
}: ServerClientOptions): ServerClient {
  const address = url.replace(/\/+$/, '')
  const send: Fetch = given ?? ((input, init) => fetch(input, init))
  return {
    async refresh({ cookie, address: client }) {
      const [, pair] = REFRESH_COOKIE.exec(cookie ?? '') ?? []
      if (!pair) return { status: 'unknown', accessToken: null, setCookies: [] }
      const setCookies: string[] = []
      const listening: Fetch = async (input, init) => {
        const response = await send(input, { ...init, redirect: 'error', cache: 'no-store' })
        setCookies.push(...response.headers.getSetCookie())
        return response
      }
      const headers = { cookie: pair, ...(client && { 'x-forwarded-for': client }) }
      const requests = createRequests(address, listening, false)
      const answer = await requests.send('/api/v1/auth/refresh', {}, { headers, limit })
      const accessToken = tokensOf<'RefreshResponse'>(answer)?.access_token ?? null
      if (accessToken) return { status: 'signed_in', accessToken, setCookies }
      return { status: isVerdict(answer) ? 'signed_out' : 'unknown', accessToken, setCookies }
    },
    async user(accessToken) {
      const headers = { authorization: `Bearer ${accessToken}` }
      const requests = createRequests(address, send, false)
      const { status, body } = await requests.send('/api/v1/auth/me', null, { headers, limit })
      return status === 200 && body?.user ? body.user : null
    },
  }
}

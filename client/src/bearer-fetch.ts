import type { AccessTokens } from './access-token.ts'
import { SessionChanged } from './outcomes.ts'
import { pageAddress } from './page.ts'
import type { Fetch } from './requests.ts'

/** A body that can be read once cannot be repeated: its access token has to live a while. */
const STREAM_VALIDITY_SECONDS = 60

/**
 * Makes a `fetch` that adds the access token to requests to the given origins, and to no others. After a 401 it refreshes
 * once and repeats the request once. A request with an `Authorization` of its own is left as it is.
 */
export function bearerFetch(fetch: Fetch, tokens: AccessTokens, origins: (string | undefined)[]): Fetch {
  const own = origins.map(originOf)
  return async (input, init) => {
    const request = (input as Request).clone && (input as Request)
    const headers = new Headers(init?.headers ?? request?.headers)
    const origin = originOf(request?.url ?? input)
    if (!origin || !own.includes(origin) || headers.has('authorization')) return fetch(input, init)
    const send = (token: string | null) => {
      if (token) headers.set('authorization', `Bearer ${token}`)
      return fetch(request?.clone() ?? input, { ...init, headers })
    }
    const isStream = readsOnce(init?.body)
    const token = await tokens.get(isStream ? STREAM_VALIDITY_SECONDS : 0)
    const answer = await send(token)
    if (answer.status !== 401 || !token || isStream) return answer
    const next = await tokens.replace(token)
    if (!next) return answer
    await answer.body?.cancel?.()
    if (next === 'changed') throw new SessionChanged()
    const second = await send(next.value)
    next.isSpent = second.status === 401 // that is the API's own answer
    return second
  }
}

function originOf(address: string | URL | Request | undefined): string | null {
  try {
    return new URL(address as string, pageAddress()).origin
  } catch {
    return null
  }
}

const readsOnce = (body: unknown): boolean =>
  !!((body as ReadableStream)?.getReader ?? (body as AsyncIterable<unknown>)?.[Symbol.asyncIterator])

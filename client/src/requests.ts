import type { components } from './api-types.ts'
import { startTimer } from './elapsed-time.ts'

/** The time limit of a request: a quarter of the server's 30 seconds, in which no late refresh of a tab can look like a thief's. */
const TIMEOUT_SECONDS = 7

export type Schemas = components['schemas']

export type Fetch = (input: string | URL | Request, init?: RequestInit) => Promise<Response>

export interface Answer {
  /** 0 if none came, or a part of it. */
  status: number
  // biome-ignore lint/suspicious/noExplicitAny: it is what a network brings, and judged where it is read
  body: any
  /** The attempt that came with a refresh token. */
  attempt?: string | null
  retryAfter?: number
}

export interface RequestOptions {
  headers?: Record<string, string> | null
  keepalive?: boolean
  /** The seconds after which it is given up. */
  limit?: number
  controller?: AbortController
}

export type Requests = ReturnType<typeof createRequests>

/** Sends requests to the server that end in time, even on a page that was frozen. */
export function createRequests(url: string, fetch: Fetch, isCookie: boolean) {
  const running = new Set<() => void>()
  return {
    async send(path: string, content: object | null, options: RequestOptions = {}): Promise<Answer> {
      const { limit = TIMEOUT_SECONDS, controller = new AbortController(), headers, ...init } = options
      const timer = setTimeout(() => controller.abort(), limit * 1000)
      const elapsed = startTimer()
      const endIfOld = () => elapsed() > limit && controller.abort()
      running.add(endIfOld)
      try {
        const response = await fetch(url + path, {
          ...(content && { method: 'POST', body: JSON.stringify(content) }),
          ...(isCookie && { credentials: 'include' }),
          ...init,
          headers: { ...(content && { 'content-type': 'application/json' }), ...headers },
          signal: controller.signal,
        })
        return {
          status: response.status,
          body: parseObject(await response.text()),
          attempt: response.headers.get('tessera-attempt'),
          retryAfter: Number(response.headers.get('retry-after')) || 0, // a proxy may say a date
        }
      } catch {
        return { status: 0, body: null }
      } finally {
        clearTimeout(timer)
        running.delete(endIfOld)
      }
    },
    /** Gives up those whose time is over. Timers stand still while a page is frozen or a device sleeps. */
    endOld(): void {
      for (const endIfOld of running) endIfOld()
    },
  }
}

/** Parses an object; null for anything else, such as a page of a proxy. */
export const parseObject = (text: string | null) => (text && /^\s*{/.test(text) ? JSON.parse(text) : null)

/** The body of an answer with tokens. A captive portal answers 200, too, but with something else. */
export const tokensOf = <Name extends keyof Schemas>({ status, body }: Answer): Schemas[Name] | null =>
  status === 200 && body?.access_token ? body : null

export const detailsOf = ({ body }: Answer) => body?.error?.details ?? {}

/** Whether the server itself says that there is no session. A 401 of a proxy, and of anything else, says nothing. */
export const isVerdict = (answer: Answer): boolean =>
  (answer.status === 401 && /refresh token/i.test(answer.body?.error?.message)) || !!detailsOf(answer).refresh_token // there is no cookie

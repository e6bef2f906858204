import { Skipped } from './promise.ts'

export interface TargetOptions {
  url: string
  /** The GUID of a user to issue pairs to, for servers that return none. */
  guid?: string | undefined
  /** The bearer of `POST /auth/token` and `POST /oauth/introspect`. */
  serviceKey?: string | undefined
  timeoutMilliseconds?: number | undefined
}

export interface Answer {
  /** Method and path, for the reader of a report. */
  request: string
  status: number
  headers: Headers
  text: string
  /** Null if it is not JSON. */
  // biome-ignore lint/suspicious/noExplicitAny: the answers of an unknown server
  body: any
}

export interface RequestOptions {
  bearer?: string | undefined
  headers?: Record<string, string>
}

/** The server under test, of which only the address is known. */
export interface Target {
  options: TargetOptions
  get(path: string, options?: RequestOptions): Promise<Answer>
  /** Sends a string as it is, and any other body as JSON. */
  post(path: string, body: unknown, options?: RequestOptions): Promise<Answer>
  delete(path: string, options?: RequestOptions): Promise<Answer>
  /** Makes, once, a thing that several promises read and none changes. */
  shared<T>(name: string, make: () => Promise<T>): Promise<T>
}

/** The server gave no answer. */
export class Unreachable extends Error {
  override readonly name = 'Unreachable'
}

const ANSWER_TIMEOUT_MILLISECONDS = 10_000

export function createTarget(options: TargetOptions): Target {
  const made = new Map<string, Promise<unknown>>()
  const base = options.url.replace(/\/+$/, '')

  async function send(method: string, path: string, init: RequestInit, own: RequestOptions = {}): Promise<Answer> {
    const request = `${method} ${path}`
    const headers = new Headers(init.headers)
    if (own.bearer !== undefined) headers.set('authorization', `Bearer ${own.bearer}`)
    for (const [name, value] of Object.entries(own.headers ?? {})) headers.set(name, value)
    const milliseconds = options.timeoutMilliseconds ?? ANSWER_TIMEOUT_MILLISECONDS
    const signal = AbortSignal.timeout(milliseconds)
    try {
      const response = await fetch(base + path, { ...init, method, headers, signal, redirect: 'manual' })
      const text = await response.text()
      if (response.status === 429) throw rateLimited(request, response)
      return { request, status: response.status, headers: response.headers, text, body: parse(text) }
    } catch (error) {
      if (error instanceof Skipped) throw error
      const reason = signal.aborted ? `none within ${milliseconds} ms` : causeOf(error)
      throw new Unreachable(`${request} got no answer: ${reason}`)
    }
  }

  return {
    options,
    get: (path, own) => send('GET', path, {}, own),
    post: (path, body, own) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return send('POST', path, { body: text, headers: { 'content-type': 'application/json' } }, own)
    },
    delete: (path, own) => send('DELETE', path, {}, own),
    shared<T>(name: string, make: () => Promise<T>) {
      const thing = made.get(name) ?? make()
      made.set(name, thing)
      return thing as Promise<T>
    },
  }
}

function rateLimited(request: string, response: Response): Skipped {
  const retryAfter = response.headers.get('retry-after')
  const when = retryAfter === null ? 'without Retry-After' : `Retry-After: ${retryAfter}`
  return new Skipped(`rate limited: ${request} answered 429, ${when}`)
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

function causeOf(error: unknown): string {
  const { cause, message } = error as Error & { cause?: Error & { code?: string } }
  return cause?.code ?? (cause?.message || message)
}

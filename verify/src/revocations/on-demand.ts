import { elapsedSince, type Mark, mark, within } from '../remote/clock.ts'
import type { Ask, Following } from './revocations.ts'

const MAX_AGE_MILLISECONDS = 5000
const TIMEOUT_MILLISECONDS = 2000

interface OnDemandOptions {
  ask: Ask
  isStale: () => boolean
  waitUntil: ((promise: Promise<unknown>) => void) | null
}

/** Asks within a verification when the last question is five seconds ago. Nothing runs between requests. */
export function followOnDemand({ ask, isStale, waitUntil }: OnDemandOptions): Following {
  let askedAt: Mark | null = null
  let pending: Promise<unknown> | null = null

  async function readAll(signal: AbortSignal): Promise<void> {
    while ((await ask({ waitSeconds: 0, signal })).hasMore);
  }

  function start(): Promise<unknown> {
    askedAt = mark()
    const asking = readAll(AbortSignal.timeout(TIMEOUT_MILLISECONDS)).catch(() => {})
    pending = asking.finally(() => {
      pending = null
    })
    return pending
  }

  return {
    ready() {
      if (askedAt !== null && elapsedSince(askedAt) < MAX_AGE_MILLISECONDS) return isStale() ? joined() : null
      const asking = start()
      if (waitUntil && !isStale()) {
        waitUntil(asking)
        return null
      }
      return within(TIMEOUT_MILLISECONDS, asking)
    },
    close() {},
  }

  /** Waits for a question of another request, where a request may: Cloudflare's workers stop one that does. */
  function joined(): Promise<unknown> | null {
    return pending && !('WebSocketPair' in globalThis) ? within(TIMEOUT_MILLISECONDS, pending) : null
  }
}

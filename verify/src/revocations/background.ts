import { elapsedSince, mark, unref, within } from '../remote/clock.ts'
import type { RevocationSettings } from '../settings/read-revocations.ts'
import type { Ask, Following } from './revocations.ts'

const FIRST_ANSWER_TIMEOUT_MILLISECONDS = 2000
const INTERVAL_MILLISECONDS = 1000
const MAX_INTERVAL_MILLISECONDS = 5000
/** Between answers to held questions, however many endings there are. */
const MIN_INTERVAL_MILLISECONDS = 100
const MAX_WAIT_SECONDS = 25
/** A quiet list is made anew so often, and a question takes its time: both count into the age of an answer. */
const MAX_ANSWER_AGE_SECONDS = 15

interface BackgroundOptions {
  ask: Ask
  settings: RevocationSettings
}

/** Asks each second, or with a service key lets the issuer hold the question. Its timers keep no process alive. */
export function followInBackground({ ask, settings }: BackgroundOptions): Following {
  const closing = new AbortController()
  const startedAt = mark()
  const waitSeconds = settings.serviceKey === null ? 0 : waitFor(settings.staleAfterSeconds)
  let isReady = false
  let failures = 0
  let answer = () => {}
  const firstAnswer = new Promise<void>((resolve) => {
    answer = resolve
  })

  /** Asks once; returns the pause until the next time. */
  async function step(): Promise<number> {
    const askedAt = mark()
    try {
      // The first answer is not waited for: it says where the list stands.
      const { hasMore, hasNews } = await ask({ waitSeconds: isReady ? waitSeconds : 0, signal: closing.signal })
      failures = 0
      if (hasMore) return 0
      isReady = true
      answer()
      const wasHeld = waitSeconds > 0 && (hasNews || elapsedSince(askedAt) >= INTERVAL_MILLISECONDS)
      return wasHeld ? MIN_INTERVAL_MILLISECONDS : withJitter(INTERVAL_MILLISECONDS)
    } catch {
      failures += 1
      return withJitter(Math.min(MAX_INTERVAL_MILLISECONDS, INTERVAL_MILLISECONDS * 2 ** (failures - 1)))
    }
  }

  const schedule = (milliseconds: number) =>
    unref(
      setTimeout(async () => {
        const pause = await step()
        if (!closing.signal.aborted) schedule(pause)
      }, milliseconds),
    )
  schedule(0)

  return {
    ready() {
      if (isReady) return null
      const left = FIRST_ANSWER_TIMEOUT_MILLISECONDS - elapsedSince(startedAt)
      return left > 0 ? within(left, firstAnswer) : null
    },
    close: () => closing.abort(),
  }
}

/** A held question must be answered before the list counts as stale. */
function waitFor(staleAfterSeconds: number): number {
  return Math.max(1, Math.min(MAX_WAIT_SECONDS, Math.floor(staleAfterSeconds) - MAX_ANSWER_AGE_SECONDS))
}

/** Many verifiers that were started together do not ask together. */
function withJitter(milliseconds: number): number {
  return milliseconds * (0.8 + Math.random() * 0.4)
}

import type { RevocationSettings } from '../settings/read-revocations.ts'
import type { VerifiedToken } from '../token/verified-tokens.ts'
import { VerifyError } from '../token/verify-error.ts'
import { followInBackground } from './background.ts'
import type { Endings } from './endings.ts'
import type { Feed } from './feed.ts'
import { Freshness } from './freshness.ts'
import { followOnDemand } from './on-demand.ts'

export interface RevocationStatus {
  /** Whether logouts are not heard of at the moment, and `whenStale` decides. */
  stale: boolean
  /** Null before the first answer. */
  ageSeconds: number | null
  /** The list is longer than the memory for it. */
  overflow: boolean
  /** How many sessions and users are remembered. */
  endings: number
  lastError: string | null
}

export interface Revocations {
  /** Null, or what a judgement waits for, never long. */
  ready(): Promise<unknown> | null
  /** @throws {VerifyError} `ended`, or `stale` */
  judge(token: VerifiedToken): void
  status(): RevocationStatus
  close(): void
}

/** Asks once, and says whether there is more and whether anything was new. It rejects for an answer that says nothing. */
export type Ask = (options: {
  waitSeconds: number
  signal: AbortSignal
}) => Promise<{ hasMore: boolean; hasNews: boolean }>

/** How the list is followed: by timers, or by those who need it. */
export interface Following {
  ready(): Promise<unknown> | null
  close(): void
}

interface RevocationsOptions {
  settings: RevocationSettings
  endings: Endings
  feed: Feed
  /** Called when a key is not to be trusted any more. */
  onRetiredKey: () => void
}

export function createRevocations({ settings, endings, feed, onRetiredKey }: RevocationsOptions): Revocations {
  const freshness = new Freshness(settings.staleAfterSeconds)
  let cursor: string | null = null
  let isAnswered = false
  let lastError: string | null = null

  const ask: Ask = async ({ waitSeconds, signal }) => {
    try {
      const body = await feed({ cursor, waitSeconds, signal })
      if (cursor === null) endings.restart()
      const { hasNews, retiresKey } = endings.add(body)
      if (retiresKey) onRetiredKey()
      // A list that did not fit is asked for from its beginning, until it does.
      cursor = body.hasMore || endings.isComplete ? body.cursor : null
      freshness.add(body.iat)
      if (!body.hasMore) isAnswered = true
      lastError = null
      return { hasMore: body.hasMore, hasNews }
    } catch (error) {
      lastError = error instanceof Error ? error.message : String(error)
      throw error
    }
  }

  const isStale = () => {
    const age = freshness.ageSeconds()
    return !isAnswered || age === null || age > settings.staleAfterSeconds || !endings.isComplete
  }
  const following: Following =
    settings.mode === 'onDemand'
      ? followOnDemand({ ask, isStale, waitUntil: settings.waitUntil })
      : followInBackground({ ask, settings })

  return {
    ready: () => following.ready(),
    judge(token) {
      if (endings.isEnded(token)) throw new VerifyError('ended', 'The session has ended')
      if (settings.whenStale === 'reject' && isStale())
        throw new VerifyError('stale', 'Whether the session has ended cannot be told at the moment')
    },
    status: () => ({
      stale: isStale(),
      ageSeconds: freshness.ageSeconds(),
      overflow: !endings.isComplete,
      endings: endings.size,
      lastError,
    }),
    close: () => following.close(),
  }
}

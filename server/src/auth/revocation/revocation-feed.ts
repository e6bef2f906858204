import type { KeyPairSigningKey } from '../../crypto/keys/signing-key.ts'
import { longestAccessLifetime } from '../../storage/revocation/access-lifetimes.ts'
import { countEndings, type EndingRow, type EndingSpan, findEndings } from '../../storage/revocation/read-endings.ts'
import type { Context } from '../context/context.ts'
import { EndingLog } from './ending-log.ts'
import { type FeedAnswer, listEndings, sealAnswer, secondsOf } from './feed-answer.ts'
import { readCursor, writeCursor } from './feed-cursor.ts'
import { HeldPolls } from './held-polls.ts'

interface FeedOptions {
  accessTokenLifetimeSeconds: number
  /** Returns the key pair that signs at the moment; null where the secret signs. @throws {Unavailable} */
  signer: () => KeyPairSigningKey | null | Promise<KeyPairSigningKey | null>
  /** Called when a key was refused, before others hear of it. */
  onKeyRefused: () => Promise<void>
}

export const MAX_HELD = 2000
export const MAX_WAIT_SECONDS = 30

const RECENT_SECONDS = 30
const WHOLE_INTERVAL_SECONDS = 30
const KEYS_LISTED_SECONDS = 86_400
const SKEW_SECONDS = 60
/** Longer than replicas differ in when they first see an ending. */
const OVERLAP_SECONDS = 60
const MAX_CLOCK_DIFFERENCE_SECONDS = 5
const ANSWER_LIFE_SECONDS = 10
/** Each of so many newest revisions has an answer of its own; earlier ones share them. */
const EXACT_REVISIONS = 32

interface Start {
  /** The revision that the answer begins after. */
  revision: number
  isReset: boolean
}

/**
 * The list of what has ended lately, for services that verify access tokens themselves. A copy in memory answers, so that no request
 * costs a statement and an outage of the database only lets the list grow old.
 */
export class RevocationFeed {
  readonly #ctx: Pick<Context, 'db' | 'now'>
  readonly #options: FeedOptions
  readonly #replica: string
  readonly #log = new EndingLog()
  readonly #held = new HeldPolls(MAX_HELD)
  #lifetimeSeconds: number
  #readAt = new Date(0)
  #readWholeAt = new Date(0)
  #made = { head: -1, at: new Date(0), answers: new Map<string, Promise<FeedAnswer>>() }
  #lastKey: KeyPairSigningKey | null = null
  #isClosed = false

  constructor(ctx: Pick<Context, 'db' | 'now' | 'random'>, options: FeedOptions) {
    this.#ctx = ctx
    this.#options = options
    this.#replica = ctx.random(8).toString('base64url')
    this.#lifetimeSeconds = options.accessTokenLifetimeSeconds
  }

  /** Reads endings that are new: of the last seconds or, now and then, all. @throws {Unavailable} */
  async read(): Promise<void> {
    const { db, now: clock } = this.#ctx
    const now = clock()
    const isWhole = Math.abs(secondsBetween(this.#readWholeAt, now)) >= WHOLE_INTERVAL_SECONDS
    if (isWhole) await this.#readLifetime(now)
    const span = isWhole ? this.#wholeSpan(now) : { since: secondsBefore(now, RECENT_SECONDS), keysSince: null }
    const found: EndingRow[] = []
    for (const { bucket, endings } of await countEndings(db, span)) {
      if (this.#log.count(bucket, isWithin(span)) !== endings) found.push(...(await findEndings(db, span, bucket)))
    }
    if (found.some(({ kind }) => kind === 'key')) await this.#options.onKeyRefused()
    const head = this.#log.head
    this.#log.add(found, now)
    if (isWhole) {
      this.#log.prune(this.#wholeSpan(now))
      this.#readWholeAt = now
    }
    this.#readAt = now
    if (this.#log.head > head) this.#held.release()
  }

  /** The number of endings that it lists. */
  get listed(): number {
    return this.#log.size
  }

  /** Waits until there is news for a reader, but not for long. The answer is the caller's to ask for. */
  async wait(after: string | null, seconds: number, signal: AbortSignal): Promise<void> {
    const { revision, isReset } = this.#startOf(after)
    if (this.#isClosed || isReset || revision < this.#log.head) return
    await this.#held.wait(Math.min(seconds, MAX_WAIT_SECONDS) * 1000, signal)
  }

  /** Returns the answer after a cursor: one for all who have come as far. @throws {Unavailable} or {HashPoolFull} */
  answer(after: string | null): Promise<FeedAnswer> {
    const { head } = this.#log
    const isOld = secondsBetween(this.#made.at, this.#readAt) >= ANSWER_LIFE_SECONDS
    if (this.#made.head !== head || isOld || this.#made.at > this.#readAt)
      this.#made = { head, at: this.#readAt, answers: new Map() }
    const { answers } = this.#made
    const start = this.#startOf(after)
    const name = `${start.revision} ${start.isReset}`
    const made = answers.get(name) ?? this.#make(start)
    answers.set(name, made)
    made.catch(() => answers.delete(name))
    return made
  }

  /** Answers those who wait, and lets no others wait. */
  close(): void {
    this.#isClosed = true
    this.#held.release()
  }

  async #make({ revision, isReset }: Start): Promise<FeedAnswer> {
    const part = this.#log.after(revision)
    const time = part.hasMore && part.lastSeenAt ? part.lastSeenAt : this.#readAt
    const body = {
      iat: secondsOf(this.#readAt),
      cursor: writeCursor({ replica: this.#replica, sequence: part.last, time }),
      lifetime: this.#lifetimeSeconds,
      ...listEndings(part.endings),
      keys: this.#log.ofKind('key').map(({ hash }) => hash),
      sessions_before:
        this.#log
          .ofKind('epoch')
          .map(({ hash }) => hash)
          .toSorted()
          .at(-1) ?? null,
      more: part.hasMore,
      reset: isReset,
    }
    return sealAnswer(body, await this.#signer())
  }

  /** The key that signed last still signs while the database is away. */
  async #signer(): Promise<KeyPairSigningKey | null> {
    try {
      this.#lastKey = await this.#options.signer()
    } catch (error) {
      if (this.#lastKey === null) throw error
    }
    return this.#lastKey
  }

  #startOf(after: string | null): Start {
    const everything = { revision: 0, isReset: true }
    const cursor = after === null ? null : readCursor(after)
    if (!cursor) return everything
    const age = secondsBetween(cursor.time, this.#readAt)
    if (age > this.#lifetimeSeconds || age < -MAX_CLOCK_DIFFERENCE_SECONDS) return everything
    const { head } = this.#log
    const isOwn = cursor.replica === this.#replica
    if (isOwn && cursor.sequence > head) return everything
    const revision = isOwn ? cursor.sequence : this.#log.lastSeenBy(secondsBefore(cursor.time, OVERLAP_SECONDS))
    const isExact = head - revision <= EXACT_REVISIONS
    return { revision: isExact ? revision : revision - (revision % EXACT_REVISIONS), isReset: false }
  }

  async #readLifetime(now: Date): Promise<void> {
    const longest = await longestAccessLifetime(this.#ctx.db, now)
    this.#lifetimeSeconds = Math.max(this.#options.accessTokenLifetimeSeconds, longest ?? 0)
  }

  #wholeSpan(now: Date): EndingSpan & { keysSince: Date } {
    const since = secondsBefore(now, this.#lifetimeSeconds + SKEW_SECONDS)
    return { since, keysSince: secondsBefore(now, KEYS_LISTED_SECONDS) }
  }
}

function isWithin({ since, keysSince }: EndingSpan): (ending: EndingRow) => boolean {
  return ({ at, kind }) => at > since || (keysSince !== null && kind === 'key' && at > keysSince)
}

function secondsBetween(from: Date, to: Date): number {
  return (to.getTime() - from.getTime()) / 1000
}

function secondsBefore(time: Date, seconds: number): Date {
  return new Date(time.getTime() - seconds * 1000)
}

import type { VerifiedToken } from '../token/verified-tokens.ts'
import type { FeedBody } from './feed-body.ts'

export const MAX_ENDINGS = 1_000_000

/** Clocks differ, and an entry costs little. */
const GRACE_SECONDS = 120

/** Retired keys are listed for a day. */
const KEY_SECONDS = 86_400

interface SubjectEnding {
  leastVersion: number
  forgetAt: number
}

/**
 * All endings that a living token could be of. Entries are added and never replaced by less. They are forgotten when the
 * last token of before has expired, by a clock that no time setting moves.
 */
export class Endings {
  readonly #sessions = new Map<string, number>()
  readonly #subjects = new Map<string, SubjectEnding>()
  readonly #keys = new Map<string, number>()
  #sessionsBefore: string | null = null
  #lifetime = 0
  #isComplete = true

  get size(): number {
    return this.#sessions.size + this.#subjects.size
  }

  /** False after an entry found no place. It is true again when {@link restart} was followed by a list that fits. */
  get isComplete(): boolean {
    return this.#isComplete
  }

  restart(): void {
    this.#isComplete = true
  }

  /** Adds an answer; says whether anything was new, and whether it retires a key that was trusted until now. */
  add(body: FeedBody): { hasNews: boolean; retiresKey: boolean } {
    const sizeBefore = this.size
    const now = performance.now() / 1000
    this.#lifetime = Math.max(this.#lifetime, body.lifetime)
    this.#forget(now)
    const forgetAt = now + this.#lifetime + GRACE_SECONDS
    for (const hash of body.sessions) {
      if (!this.#sessions.has(hash) && this.#hasRoom()) this.#sessions.set(hash, forgetAt)
    }
    for (const [hash, leastVersion] of body.subjects) this.#addSubject(hash, { leastVersion, forgetAt })
    if (body.sessionsBefore !== null && body.sessionsBefore > (this.#sessionsBefore ?? ''))
      this.#sessionsBefore = body.sessionsBefore
    const retiresKey = body.keys.some((kid) => !this.#keys.has(kid))
    for (const kid of body.keys) this.#keys.set(kid, forgetAt + KEY_SECONDS)
    return { hasNews: retiresKey || this.size > sizeBefore, retiresKey }
  }

  hasRetired(kid: string | undefined): boolean {
    return kid !== undefined && this.#keys.has(kid)
  }

  isEnded({ claims, kid, session, subject }: VerifiedToken): boolean {
    if (this.hasRetired(kid)) return true
    if (session !== null && this.#sessions.has(session)) return true
    const ending = subject === null ? undefined : this.#subjects.get(subject)
    // A token of before there were versions has the first one.
    if (ending && (claims.ver ?? 0) < ending.leastVersion) return true
    return this.#sessionsBefore !== null && isBefore(claims.sid, this.#sessionsBefore)
  }

  #addSubject(hash: string, ending: SubjectEnding): void {
    const known = this.#subjects.get(hash)
    if (known ? known.leastVersion >= ending.leastVersion : !this.#hasRoom()) return
    this.#subjects.delete(hash) // the maps are in the order of forgetting
    this.#subjects.set(hash, ending)
  }

  #hasRoom(): boolean {
    if (this.size < MAX_ENDINGS) return true
    this.#isComplete = false
    return false
  }

  #forget(now: number): void {
    for (const [hash, forgetAt] of this.#sessions) {
      if (forgetAt > now) break
      this.#sessions.delete(hash)
    }
    for (const [hash, { forgetAt }] of this.#subjects) {
      if (forgetAt > now) break
      this.#subjects.delete(hash)
    }
    for (const [kid, forgetAt] of this.#keys) if (forgetAt <= now) this.#keys.delete(kid)
  }
}

const UUID_V7 = /^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/i

/** A session whose id has no order cannot be said to have begun later. */
function isBefore(sid: string | undefined, bound: string): boolean {
  return sid === undefined || !UUID_V7.test(sid) || sid.toLowerCase() < bound
}

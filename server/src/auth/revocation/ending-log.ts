import { bucketOf, type EndingRow } from '../../storage/revocation/read-endings.ts'

/** The most endings that one answer lists. */
export const MAX_LISTED = 5000

/** Endings that were first seen together, at most {@link MAX_LISTED}. */
interface Revision {
  number: number
  seenAt: Date
  endings: readonly EndingRow[]
}

/** A part of the log: what follows a revision, up to {@link MAX_LISTED} endings. */
export interface LogPart {
  endings: readonly EndingRow[]
  /** The last revision in it, and when that was seen. */
  last: number
  lastSeenAt: Date | null
  hasMore: boolean
}

/** A time that the endings of sessions and users are kept since, and one for keys. */
interface Kept {
  since: Date
  keysSince: Date
}

/** When a row of the first reading counts as seen, after its end: another replica may have seen it before. */
const FIRST_READING_SECONDS = 30

/**
 * All endings that matter, in the order in which this process first saw them: a commit that had waited comes last, whatever
 * its time says, so a reader who has everything up to a revision misses nothing.
 */
export class EndingLog {
  readonly #buckets = new Map<number, Map<number, EndingRow>>()
  #revisions: Revision[] = []
  #head = 0

  /** The number of the newest revision. */
  get head(): number {
    return this.#head
  }

  /** The number of endings that it has. */
  get size(): number {
    return [...this.#buckets.values()].reduce((sum, rows) => sum + rows.size, 0)
  }

  /** Counts the endings of a bucket within a span, as the database does. */
  count(bucket: number, isWithin: (ending: EndingRow) => boolean): number {
    return [...(this.#buckets.get(bucket)?.values() ?? [])].filter(isWithin).length
  }

  /** Adds endings in the order of their times. Those that it has are left out. Returns those that are new. */
  add(rows: readonly EndingRow[], now: Date): EndingRow[] {
    const isFirst = this.#head === 0
    const fresh = rows.filter((row) => this.#remember(row)).toSorted((a, b) => a.at.getTime() - b.at.getTime())
    for (let start = 0; start < fresh.length; start += MAX_LISTED) {
      const endings = fresh.slice(start, start + MAX_LISTED)
      const lastAt = endings.at(-1)?.at.getTime() ?? 0
      const seenAt = isFirst ? new Date(Math.min(now.getTime(), lastAt + FIRST_READING_SECONDS * 1000)) : now
      this.#revisions.push({ number: ++this.#head, seenAt, endings })
    }
    return fresh
  }

  /** Forgets what no living token can be of. */
  prune(kept: Kept): void {
    const isKept = ({ at, kind }: EndingRow) => at > (kind === 'key' ? kept.keysSince : kept.since)
    for (const [bucket, rows] of this.#buckets) {
      for (const row of rows.values()) if (!isKept(row)) rows.delete(row.id)
      if (rows.size === 0) this.#buckets.delete(bucket)
    }
    this.#revisions = this.#revisions
      .map((revision) => ({ ...revision, endings: revision.endings.filter(isKept) }))
      .filter(({ endings }) => endings.length > 0)
  }

  /** Returns what follows a revision. */
  after(number: number): LogPart {
    const from = this.#revisions.findIndex((revision) => revision.number > number)
    const following = from < 0 ? [] : this.#revisions.slice(from)
    const taken: Revision[] = []
    let listed = 0
    for (const revision of following) {
      listed += revision.endings.length
      if (listed > MAX_LISTED && taken.length > 0) break
      taken.push(revision)
    }
    const hasMore = taken.length < following.length
    const last = taken.at(-1)
    return {
      endings: taken.flatMap(({ endings }) => endings),
      last: hasMore && last ? last.number : this.#head,
      lastSeenAt: last?.seenAt ?? null,
      hasMore,
    }
  }

  /** Returns the newest revision that was seen by a time. */
  lastSeenBy(time: Date): number {
    const first = this.#revisions.find(({ seenAt }) => seenAt > time)
    return first ? first.number - 1 : this.#head
  }

  /** Returns all endings of a kind that has few. */
  ofKind(kind: 'key' | 'epoch'): EndingRow[] {
    return this.#revisions.flatMap(({ endings }) => endings.filter((ending) => ending.kind === kind))
  }

  #remember(row: EndingRow): boolean {
    const bucket = bucketOf(row.id)
    const rows = this.#buckets.get(bucket) ?? new Map<number, EndingRow>()
    if (rows.has(row.id)) return false
    this.#buckets.set(bucket, rows.set(row.id, row))
    return true
  }
}

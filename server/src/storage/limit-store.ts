import sql from 'sql-template-tag'
import type { Database } from './database.ts'
import { deleteBatch } from './delete-batch.ts'

export interface LimitState {
  /** Taken since the window began, this one included. */
  points: number
  expiresAt: Date
}

/** Counts points per key in windows that begin with a key's first point. */
export interface LimitStore {
  /** Takes a point and says what that makes; atomic, so that parallel callers each see a count of their own. */
  take(key: string, windowSeconds: number, now: Date): Promise<LimitState>
  giveBack(key: string, now: Date): Promise<void>
}

/** Shared by all replicas on one PostgreSQL. */
export function databaseLimits(db: Database): LimitStore {
  return {
    async take(key, windowSeconds, now) {
      const end = new Date(now.getTime() + windowSeconds * 1000)
      const rows = await db.query<{ points: number; expires_at: Date }>(sql`
        insert into rate_limits as l (key, points, expires_at) values (${key}, 1, ${end})
        on conflict (key) do update set
          points = case when l.expires_at <= ${now} then 1 else l.points + 1 end,
          expires_at = case when l.expires_at <= ${now} then excluded.expires_at else l.expires_at end
        returning points, expires_at`)
      return { points: rows[0]?.points ?? 1, expiresAt: rows[0]?.expires_at ?? end }
    },
    async giveBack(key, now) {
      await db.query(sql`
        update rate_limits set points = points - 1 where key = ${key} and expires_at > ${now} and points > 0
        returning key`)
    },
  }
}

/** Deletes windows that have ended, so many at most; says how many. */
export function deleteSpentLimits(db: Database, now: Date, most: number): Promise<number> {
  return deleteBatch(db, { table: 'rate_limits', primaryKey: 'key', condition: sql`expires_at <= ${now}`, most })
}

const MOST_KEYS_IN_MEMORY = 100_000

/** For the one process of an embedded database. */
export function memoryLimits(): LimitStore {
  const states = new Map<string, LimitState>()
  const living = (key: string, now: Date) => {
    const state = states.get(key)
    return state && state.expiresAt > now ? state : null
  }
  return {
    async take(key, windowSeconds, now) {
      const state = living(key, now)
      if (state) return { ...state, points: ++state.points }
      // The oldest window goes first: memory stays bounded whoever asks from however many addresses.
      const oldest = states.size >= MOST_KEYS_IN_MEMORY ? states.keys().next().value : undefined
      if (oldest !== undefined) states.delete(oldest)
      const begun = { points: 1, expiresAt: new Date(now.getTime() + windowSeconds * 1000) }
      states.delete(key)
      states.set(key, begun)
      return { ...begun }
    },
    async giveBack(key, now) {
      const state = living(key, now)
      if (state && state.points > 0) state.points--
    },
  }
}

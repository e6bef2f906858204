import sql from 'sql-template-tag'
import type { Database } from '../database/database.ts'
import type { LimitStore } from './limit-store.ts'

/** Limits that all replicas on one PostgreSQL database share. */
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
    async refund(key, now) {
      await db.query(sql`
        update rate_limits set points = points - 1 where key = ${key} and expires_at > ${now} and points > 0
        returning key`)
    },
  }
}

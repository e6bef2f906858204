import sql, { join } from 'sql-template-tag'
import type { Database } from '../database/database.ts'
import type { LimitStore, LimitWindows } from './limit-store.ts'

const PAGE_SIZE = 1000

/** Limits that all replicas on one PostgreSQL database share. One round trip takes all points of an attempt. */
export function databaseLimits(db: Database): LimitStore & LimitWindows {
  return {
    ...limitRows(db),
    async take(points, now) {
      // Rows are locked in the order of their keys, so that two attempts never wait for each other.
      const ordered = points.toSorted((a, b) => (a.key < b.key ? -1 : 1))
      const end = (windowSeconds: number) => new Date(now.getTime() + windowSeconds * 1000)
      const rows = await db.query<{ key: string; points: number; expires_at: Date }>(sql`
        insert into rate_limits as l (key, points, expires_at)
        values ${join(ordered.map(({ key, windowSeconds }) => sql`(${key}, 1, ${end(windowSeconds)})`))}
        on conflict (key) do update set
          points = case when l.expires_at <= ${now} then 1 else l.points + 1 end,
          expires_at = case when l.expires_at <= ${now} then excluded.expires_at else l.expires_at end
        returning key, points, expires_at`)
      const states = new Map(rows.map((row) => [row.key, { points: row.points, expiresAt: row.expires_at }]))
      return points.map(({ key, windowSeconds }) => states.get(key) ?? { points: 1, expiresAt: end(windowSeconds) })
    },
    async refund(keys, now) {
      if (keys.length === 0) return
      await db.query(sql`
        with locked as (
          select key, points from rate_limits where key in (${join(keys)}) and expires_at > ${now}
          order by key for update
        ), emptied as (
          delete from rate_limits l using locked where l.key = locked.key and locked.points <= 1
        )
        update rate_limits l set points = l.points - 1 from locked where l.key = locked.key and locked.points > 1
        returning l.key`)
    },
  }
}

/** The windows in the database, of PostgreSQL's limits or as {@link notedLimits} writes them. */
export function limitRows(db: Database): LimitWindows {
  return {
    async *openWindows(now) {
      for (let after = ''; ; ) {
        const rows = await db.query<{ key: string; points: number; expires_at: Date }>(sql`
          select key, points, expires_at from rate_limits where key > ${after} and expires_at > ${now}
          order by key limit ${PAGE_SIZE}`)
        for (const { key, points, expires_at } of rows) yield { key, points, expiresAt: expires_at }
        const last = rows.at(-1)
        if (!last || rows.length < PAGE_SIZE) return
        after = last.key
      }
    },
    async endWindows(keys) {
      for (let from = 0; from < keys.length; from += PAGE_SIZE)
        await db.query(sql`delete from rate_limits where key in (${join(keys.slice(from, from + PAGE_SIZE))})`)
    },
  }
}

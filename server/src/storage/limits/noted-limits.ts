import sql, { join } from 'sql-template-tag'
import type { Database } from '../database/database.ts'
import { limitRows } from './database-limits.ts'
import type { LimitPoint, LimitStore, LimitWindow } from './limit-store.ts'
import { memoryLimits } from './memory-limits.ts'

/** More noted windows than any but an attack makes: then those that have ended are forgotten. */
const MAX_NOTED = 10_000

/** A window that refuses; its points are all that it allows. */
type NotedWindow = LimitWindow

/**
 * Limits in the memory of one process, where no attempt waits for a disk. Windows that refuse are noted in the
 * database: commands see them there, a row that a command deletes ends its window, and a restart keeps it.
 */
export async function notedLimits(db: Database, now: Date): Promise<LimitStore> {
  const memory = memoryLimits()
  const noted = new Map<string, NotedWindow>()
  const rows = limitRows(db)
  for await (const window of rows.openWindows(now)) {
    memory.restore(window)
    noted.set(window.key, window)
  }

  /** Notes a window that begins to refuse. */
  async function note({ key, points, expiresAt }: NotedWindow, now: Date): Promise<void> {
    if (noted.size >= MAX_NOTED) for (const [other, window] of noted) if (window.expiresAt <= now) noted.delete(other)
    await db.query(sql`
      insert into rate_limits (key, points, expires_at) values (${key}, ${points}, ${expiresAt})
      on conflict (key) do update set points = excluded.points, expires_at = excluded.expires_at`)
    noted.set(key, { key, points, expiresAt })
  }

  /** Returns those of the noted windows that a command has ended. */
  async function findEnded(keys: readonly string[]): Promise<string[]> {
    if (keys.length === 0) return []
    const rows = await db.query<{ key: string }>(sql`select key from rate_limits where key in (${join(keys)})`)
    return keys.filter((key) => !rows.some((row) => row.key === key))
  }

  return {
    async take(points, now) {
      const states = await memory.take(points, now)
      const spent = points.flatMap((point, index) => {
        const state = states[index]
        return state && state.points > point.points ? [{ ...state, points: point.points, key: point.key }] : []
      })
      const isNoted = ({ key, expiresAt }: NotedWindow) => noted.get(key)?.expiresAt.getTime() === expiresAt.getTime()
      const judged = spent.filter(isNoted)
      const gone = await findEnded(judged.map(({ key }) => key))
      // Another attempt may have ended the window meanwhile, and begun the next one.
      const ended = judged.filter((window) => gone.includes(window.key) && isNoted(window)).map(({ key }) => key)
      for (const window of spent) if (!isNoted(window)) await note(window, now)
      if (ended.length === 0) return states
      for (const key of ended) noted.delete(key)
      memory.end(ended)
      return Promise.all(points.map((point, index) => retake(point, states[index], now)))

      async function retake(point: LimitPoint, state: (typeof states)[number] | undefined, at: Date) {
        if (state && !ended.includes(point.key)) return state
        const [again] = await memory.take([point], at)
        return again ?? { points: 1, expiresAt: at }
      }
    },
    async refund(keys, now) {
      await memory.refund(keys, now)
      // A window that was only full of attempts under way refuses no longer.
      const open = keys.filter((key) => memory.pointsOf(key) < (noted.get(key)?.points ?? 0))
      if (open.length === 0) return
      for (const key of open) noted.delete(key)
      await rows.endWindows(open)
    },
  }
}

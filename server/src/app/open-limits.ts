import { createLimiter, type Limiter, unlimited } from '../auth/limit/limiter.ts'
import type { Config } from '../config/config.ts'
import type { Log } from '../observe/log.ts'
import { logRecoveredErrors } from '../observe/recovered-errors.ts'
import type { Database } from '../storage/database/database.ts'
import { databaseLimits } from '../storage/limits/database-limits.ts'
import type { LimitStore } from '../storage/limits/limit-store.ts'
import { memoryLimits } from '../storage/limits/memory-limits.ts'

export interface Limits {
  /** Shared by all replicas: guards passwords. */
  limiter: Limiter
  /** Counts in this process: it costs no statement, and no store can be away. */
  processLimiter: Limiter
  close(): void
}

/** Limits are shared through Redis where `REDIS_URL` is set, else PostgreSQL; the one process of a SQLite file has them in memory. */
export async function openLimits(config: Config, db: Database, now: () => Date, log: Log): Promise<Limits> {
  if (!config.rateLimit) return { limiter: unlimited, processLimiter: unlimited, close() {} }
  const { redisUrl } = config.secrets
  const redis = redisUrl === null ? null : await openRedis(redisUrl, log)
  const shared: LimitStore = redis ?? (db.dialect === 'postgres' ? databaseLimits(db) : memoryLimits())
  return {
    limiter: createLimiter(shared, now),
    processLimiter: createLimiter(memoryLimits(), now),
    close: () => redis?.close(),
  }
}

/** The driver is loaded by those who use it. */
async function openRedis(url: string, log: Log) {
  const { redisLimits } = await import('../storage/limits/redis-limits.ts')
  return redisLimits(url, logRecoveredErrors(log, 'Redis'))
}

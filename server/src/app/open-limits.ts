import { createLimiter, type Limiter, unlimited } from '../auth/limit/limiter.ts'
import type { Config } from '../config/config.ts'
import type { Log } from '../observe/log.ts'
import { logRecoveredErrors } from '../observe/recovered-errors.ts'
import type { Database } from '../storage/database/database.ts'
import { databaseLimits } from '../storage/limits/database-limits.ts'
import type { LimitStore } from '../storage/limits/limit-store.ts'
import { memoryLimits } from '../storage/limits/memory-limits.ts'

export interface Limits {
  /** The limiter that all replicas share; it protects passwords. */
  limiter: Limiter
  /** The limiter of this process; it costs no statement and depends on no store. */
  processLimiter: Limiter
  close(): void
}

/** Opens the limits: in Redis if `REDIS_URL` is set, else in PostgreSQL; with SQLite, in the memory of its one process. */
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

/** Connects to Redis. The driver is loaded only where it is used. */
async function openRedis(url: string, log: Log) {
  const { redisLimits } = await import('../storage/limits/redis-limits.ts')
  return redisLimits(url, logRecoveredErrors(log, 'Redis'))
}

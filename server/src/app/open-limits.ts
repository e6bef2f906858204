import { setTimeout as sleep } from 'node:timers/promises'
import { createLimiter, type Limiter, unlimited } from '../auth/limit/limiter.ts'
import type { Config } from '../config/reading/config.ts'
import type { Log } from '../observe/log.ts'
import { logRecoveredErrors } from '../observe/recovered-errors.ts'
import type { Database } from '../storage/database/database.ts'
import { databaseLimits, limitRows } from '../storage/limits/database-limits.ts'
import type { LimitWindows } from '../storage/limits/limit-store.ts'
import { memoryLimits } from '../storage/limits/memory-limits.ts'
import { notedLimits } from '../storage/limits/noted-limits.ts'
import { substituteLimits } from '../storage/limits/substitute-limits.ts'

export interface Limits {
  /** The limiter that all replicas share; it protects passwords. */
  limiter: Limiter
  /** The limiter of this process; it costs no statement and depends on no store. */
  processLimiter: Limiter
  /** Whether Redis counts the shared limits; null where it is not used. */
  isRedisUp: () => boolean | null
  close(): void
}

/** An operator at a terminal can wait longer than a request. */
const COMMAND_TIMEOUT_MILLISECONDS = 15_000
const START_TIMEOUT_MILLISECONDS = 1000

/**
 * Opens the limits: in Redis if `REDIS_URL` is set, else in PostgreSQL; with SQLite, in the memory of its one process. While
 * Redis is away, they are counted as without it, so that users can log in.
 */
export async function openLimits(config: Config, db: Database, now: () => Date, log: Log): Promise<Limits> {
  if (!config.rateLimit) return { limiter: unlimited, processLimiter: unlimited, isRedisUp: () => null, close() {} }
  const redis = await openRedis(config, log)
  const withoutRedis = db.dialect === 'postgres' ? databaseLimits(db) : await notedLimits(db, now())
  if (redis)
    await Promise.race([redis.connected().catch(() => {}), sleep(START_TIMEOUT_MILLISECONDS, null, { ref: false })])
  const substitute = redis && substituteLimits(redis, withoutRedis, tellingOf(log))
  return {
    limiter: createLimiter(substitute ?? withoutRedis, now),
    processLimiter: createLimiter(memoryLimits(), now),
    isRedisUp: () => substitute?.isFirstUp() ?? null,
    close: () => redis?.close(),
  }
}

function tellingOf(log: Log) {
  const meanwhile = 'logins and sign-ups are counted in the database until it is back'
  return {
    onAway: ({ message: reason }: Error) => log.error({ reason }, `Redis is away: ${meanwhile}`),
    onBack: () => log.info({}, 'Redis is back, and counts logins and sign-ups again'),
  }
}

/**
 * Opens the windows of the shared limits, for commands.
 *
 * @throws {Unavailable}
 */
export async function openLimitWindows(
  config: Config,
  db: Database,
  log: Log,
): Promise<LimitWindows & { close(): void }> {
  const redis = await openRedis(config, log, COMMAND_TIMEOUT_MILLISECONDS)
  try {
    await redis?.connected()
  } catch (error) {
    redis?.close()
    throw error
  }
  return redis ?? { ...limitRows(db), close() {} }
}

/** Connects to Redis, if it is configured. The driver is loaded only where it is used. */
async function openRedis({ secrets: { redisUrl } }: Config, log: Log, timeoutMilliseconds?: number) {
  if (redisUrl === null) return null
  const { redisLimits } = await import('../storage/limits/redis-limits.ts')
  return redisLimits(redisUrl, logRecoveredErrors(log, 'Redis'), timeoutMilliseconds)
}

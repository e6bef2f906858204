import { once } from 'node:events'
import { Redis } from 'ioredis'
import { type OnRecoveredError, Unavailable } from '../database/errors.ts'
import type { LimitStore, LimitWindow, LimitWindows } from './limit-store.ts'

/** Of requests, together with the rest of their work. */
const TIMEOUT_MILLISECONDS = 700
const KEY_PREFIX = 'tessera:limit:'
const PAGE_SIZE = 1000

// One script each, so that no crash can separate a counter from its expiry.
const TAKE = `
  local points = redis.call('INCR', KEYS[1])
  if points == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return { points, redis.call('PTTL', KEYS[1]) }`
const REFUND = `
  if tonumber(redis.call('GET', KEYS[1]) or '0') > 1 then return redis.call('DECR', KEYS[1]) end
  return redis.call('DEL', KEYS[1])`

interface RedisLimits extends LimitStore, LimitWindows {
  /** Waits for the first connection. @throws {Unavailable} */
  connected(): Promise<void>
  close(): void
}

/** Limits that all replicas on one Redis or Valkey server share. Windows run on its clock. Reconnects by itself. */
export function redisLimits(
  url: string,
  onRecoveredError: OnRecoveredError,
  timeoutMilliseconds = TIMEOUT_MILLISECONDS,
): RedisLimits {
  const redis = new Redis(url, {
    keyPrefix: KEY_PREFIX,
    connectTimeout: timeoutMilliseconds,
    commandTimeout: timeoutMilliseconds,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    // After a failover, this connection may lead to a read-only server: reconnect, so that the name is resolved again.
    reconnectOnError: ({ message }) => /^(READONLY|LOADING|MASTERDOWN)\b/.test(message),
  })
  redis.on('error', onRecoveredError)
  const run = (script: string, key: string, ...rest: number[]) => asUnavailable(redis.eval(script, 1, key, ...rest))
  /** Keys may end between two commands: then there is nothing to return. */
  const readWindow = async (key: string, now: Date): Promise<LimitWindow[]> => {
    const [points, endsInMilliseconds] = await Promise.all([redis.get(key), redis.pttl(key)])
    if (points === null || endsInMilliseconds <= 0) return []
    return [{ key, points: Number(points), expiresAt: new Date(now.getTime() + endsInMilliseconds) }]
  }
  return {
    // Commands that are sent together are one round trip.
    take: (all, now) =>
      Promise.all(
        all.map(async ({ key, windowSeconds }) => {
          const [points, endsInMilliseconds] = (await run(TAKE, key, windowSeconds * 1000)) as [number, number]
          return { points, expiresAt: new Date(now.getTime() + endsInMilliseconds) }
        }),
      ),
    async refund(keys) {
      await Promise.all(keys.map((key) => run(REFUND, key)))
    },
    async *openWindows(now) {
      let cursor = '0'
      do {
        const scan = redis.scan(cursor, 'MATCH', `${KEY_PREFIX}*`, 'COUNT', PAGE_SIZE)
        const [next, found] = await asUnavailable(scan)
        const keys = found.map((key) => key.slice(KEY_PREFIX.length))
        yield* (await asUnavailable(Promise.all(keys.map((key) => readWindow(key, now))))).flat()
        cursor = next
      } while (cursor !== '0')
    },
    async endWindows(keys) {
      await asUnavailable(Promise.all(keys.map((key) => redis.del(key))))
    },
    async connected() {
      if (redis.status !== 'ready') await asUnavailable(once(redis, 'ready'))
    },
    close: () => redis.disconnect(),
  }
}

async function asUnavailable<Value>(asked: Promise<Value>): Promise<Value> {
  try {
    return await asked
  } catch (error) {
    throw new Unavailable(`Redis: ${(error as Error).message}`, { cause: error })
  }
}

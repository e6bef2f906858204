import { Redis } from 'ioredis'
import { type OnRecoveredError, Unavailable } from '../database/errors.ts'
import type { LimitStore } from './limit-store.ts'

const TIMEOUT_MILLISECONDS = 700

// One script each, so that no crash can separate a counter from its expiry.
const TAKE = `
  local points = redis.call('INCR', KEYS[1])
  if points == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end
  return { points, redis.call('PTTL', KEYS[1]) }`
const REFUND = `
  if tonumber(redis.call('GET', KEYS[1]) or '0') > 0 then return redis.call('DECR', KEYS[1]) end
  return 0`

interface RedisLimits extends LimitStore {
  close(): void
}

/** Limits that all replicas on one Redis or Valkey server share. Windows run on its clock. Reconnects by itself. */
export function redisLimits(url: string, onRecoveredError: OnRecoveredError): RedisLimits {
  const redis = new Redis(url, {
    keyPrefix: 'tessera:limit:',
    connectTimeout: TIMEOUT_MILLISECONDS,
    commandTimeout: TIMEOUT_MILLISECONDS,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    // After a failover, this connection may lead to a read-only server: reconnect, so that the name is resolved again.
    reconnectOnError: ({ message }) => /^(READONLY|LOADING|MASTERDOWN)\b/.test(message),
  })
  redis.on('error', onRecoveredError)
  const run = async (script: string, key: string, ...rest: number[]): Promise<unknown> => {
    try {
      return await redis.eval(script, 1, key, ...rest)
    } catch (error) {
      throw new Unavailable(`Redis: ${(error as Error).message}`, { cause: error })
    }
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
    close: () => redis.disconnect(),
  }
}

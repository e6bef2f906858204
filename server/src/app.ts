import { randomBytes } from 'node:crypto'
import { closeSync, mkdirSync, openSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { dirname } from 'node:path'
import type { Log, Settings } from './auth/context.ts'
import { seedDemoUsers } from './auth/demo-users.ts'
import { createLimiter, unlimited } from './auth/limits.ts'
import { type Background, startBackground } from './background.ts'
import type { Config } from './config.ts'
import { createAccessTokens } from './crypto/access-token.ts'
import { HashLane } from './crypto/hash-lane.ts'
import { buildKeys } from './crypto/keys.ts'
import { BCRYPT_MAX_BYTES, createPasswords } from './crypto/passwords.ts'
import { createRefreshTokenDigests } from './crypto/refresh-token-digests.ts'
import { developmentSecret } from './development-secret.ts'
import { drain } from './http/drain.ts'
import type { HttpContext } from './http/endpoint.ts'
import { createServer } from './http/server.ts'
import { type Database, type OnTrouble, Unavailable } from './storage/database.ts'
import { databaseLimits, memoryLimits } from './storage/limit-store.ts'
import { migrate } from './storage/migrate.ts'
import type { RedisLimits } from './storage/redis-limits.ts'
import { openSqlite } from './storage/sqlite.ts'

/** What an app does not decide for itself. */
export interface World {
  log: Log
  /** Milliseconds since 1970 by this machine; tests move it. */
  clock: () => number
}

export interface App {
  ctx: HttpContext
  /** Starts to serve; returns the base URL. */
  listen(): Promise<string>
  background: Background
  /**
   * Serves what is under way, then closes connections, workers and database.
   *
   * @param options.graceMilliseconds for requests that are on their way; none by default
   */
  close(options?: { graceMilliseconds: number }): Promise<void>
}

/** Puts an app together: configuration -> database, keys, hashing, mail -> HTTP server. */
export async function createApp(config: Config, { log, clock }: World): Promise<App> {
  const db = await openDatabase(config, log)
  try {
    const now = () => new Date(clock() + db.clockOffsetMilliseconds())
    await migrate(db, now())
    if (!config.production) await seedDemoUsers({ db, now })
    return await assemble(config, log, db, await openRedis(config, log), now)
  } catch (error) {
    await db.close()
    throw error
  }
}

async function assemble(
  config: Config,
  log: Log,
  db: Database,
  redis: RedisLimits | null,
  now: () => Date,
): Promise<App> {
  const keys = buildKeys({
    jwt: config.jwtSecret ?? developmentSecret(dataFolder(config)),
    refresh: config.refreshSecret ?? undefined,
    previous: config.previousSecrets,
  })
  // One core is left to the event loop. Passwords and token digests never wait for each other.
  const passwordLane = new HashLane({ threads: Math.max(1, availableParallelism() - 1), mostWaiting: 64 })
  const tokenLane = new HashLane({ threads: Math.max(1, Math.min(4, availableParallelism() - 1)), mostWaiting: 256 })
  const limits = redis ?? (db.dialect === 'postgres' ? databaseLimits(db) : memoryLimits())

  const ctx: HttpContext = {
    db,
    tokens: {
      access: createAccessTokens(keys, config.accessTokenLifetimeSeconds),
      refreshKeys: keys.refresh,
      digests: createRefreshTokenDigests(tokenLane),
    },
    passwords: createPasswords(passwordLane, config.passwordHash),
    settings: settingsOf(config),
    now,
    random: randomBytes,
    log,
    limiter: config.rateLimit ? createLimiter(limits, now) : unlimited,
    edge: config,
  }
  const server = createServer(ctx)
  const background = await startBackground(config, ctx)

  return {
    ctx,
    background,
    listen: () => server.listen({ host: config.host, port: config.port }),
    async close({ graceMilliseconds } = { graceMilliseconds: 0 }) {
      await Promise.all([background.stop(), drain(server, graceMilliseconds)])
      await server.close()
      await Promise.all([passwordLane.close(), tokenLane.close()])
      redis?.close()
      await db.close()
    },
  }
}

/** Opens the configured database; a SQLite file and its folder are made when they are missing. */
export async function openDatabase({ database }: Config, log: Log): Promise<Database> {
  const onTrouble = troubleLog(log, 'the database')
  // Drivers are loaded by those who use them: they are a quarter of the time that a start takes.
  if (database.kind === 'postgres') {
    const { openPostgres } = await import('./storage/postgres.ts')
    return openPostgres(database.url, onTrouble)
  }
  try {
    mkdirSync(dirname(database.file), { recursive: true, mode: 0o700 })
    closeSync(openSync(database.file, 'a', 0o600)) // SQLite gives its other files the same mode
  } catch (error) {
    throw new Unavailable((error as Error).message, { cause: error })
  }
  return openSqlite(database.file, onTrouble)
}

async function openRedis({ redisUrl }: Config, log: Log): Promise<RedisLimits | null> {
  if (redisUrl === null) return null
  const { redisLimits } = await import('./storage/redis-limits.ts')
  return redisLimits(redisUrl, troubleLog(log, 'Redis'))
}

function troubleLog(log: Log, who: string): OnTrouble {
  return (error) => log.warn({ reason: error.message }, `${who} had trouble`)
}

/** Beside the SQLite file; with PostgreSQL, where that file would be by default. */
function dataFolder({ database }: Config): string {
  return database.kind === 'sqlite' ? dirname(database.file) : 'data'
}

function settingsOf(config: Config): Settings {
  return {
    accessTokenLifetimeSeconds: config.accessTokenLifetimeSeconds,
    refreshTokenLifetimeSeconds: config.refreshTokenLifetimeSeconds,
    sessionMaxAgeSeconds: config.sessionMaxAgeSeconds,
    replayWindowSeconds: config.replayWindowSeconds,
    rotation: config.rotation,
    passwordMaxBytes: config.passwordHash.algorithm === 'bcrypt' ? BCRYPT_MAX_BYTES : null,
    refuseCommonPasswords: config.production,
    isDemoAddress: (ip) => config.demoFrom.includes(ip),
  }
}

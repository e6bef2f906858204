import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import type { Server as TlsServer } from 'node:tls'
import { seedDemoUsers } from '../auth/account/demo-users.ts'
import { createLimiter, unlimited } from '../auth/limit/limiter.ts'
import type { Config } from '../config/config.ts'
import { ConfigError } from '../config/config-error.ts'
import { developmentSecret } from '../config/development-secret.ts'
import { createAccessTokens } from '../crypto/access-token.ts'
import { HashPool, hashingThreads } from '../crypto/hash-pool.ts'
import { buildKeys } from '../crypto/keys.ts'
import { createPasswords } from '../crypto/passwords.ts'
import { createRefreshTokenDigests } from '../crypto/refresh-token-digests.ts'
import type { HttpContext } from '../http/endpoint/http-context.ts'
import { drain } from '../http/server/drain.ts'
import { createServer } from '../http/server/server.ts'
import type { Log } from '../observe/log.ts'
import { logRecoveredErrors } from '../observe/recovered-errors.ts'
import { type Database, databaseClock } from '../storage/database/database.ts'
import { migrate } from '../storage/database/migrate.ts'
import { databaseLimits } from '../storage/limits/database-limits.ts'
import { memoryLimits } from '../storage/limits/memory-limits.ts'
import type { RedisLimits } from '../storage/limits/redis-limits.ts'
import { edgeSettings } from './edge-settings.ts'
import { type Background, startBackground } from './jobs.ts'
import { openDatabase } from './open-database.ts'
import { repeat } from './repeat.ts'
import { ruleSettings } from './rule-settings.ts'
import { readTlsFiles, renewTls, type TlsPair } from './tls-files.ts'

/** What an app does not decide for itself. */
export interface World {
  log: Log
  /** Of the package. */
  version: string
  /** Milliseconds since 1970 by this machine; tests move it. */
  clock: () => number
}

const LOOK_AT_CERTIFICATE_MILLISECONDS = 10_000

export interface App {
  ctx: HttpContext
  /** Starts to serve; returns the base URL. */
  listen(): Promise<string>
  background: Background
  /** Looks at the certificate's files now rather than within ten seconds. */
  renewCertificate(): Promise<void>
  /**
   * Serves what is under way, then closes connections, workers and database.
   *
   * @param options.graceMilliseconds for requests that are on their way; none by default
   */
  close(options?: { graceMilliseconds: number }): Promise<void>
}

/** Puts an app together: configuration -> database, keys, hashing, mail -> HTTP server. */
export async function createApp(config: Config, { log, version, clock }: World): Promise<App> {
  const db = await openDatabase(config.secrets, log)
  try {
    const now = databaseClock(db, clock)
    await migrate(db, now())
    if (!config.production) await seedDemoUsers({ db, now })
    return await assemble(config, { log, version }, db, await openRedis(config, log), now)
  } catch (error) {
    await db.close()
    throw error
  }
}

async function assemble(
  config: Config,
  { log, version }: Pick<World, 'log' | 'version'>,
  db: Database,
  redis: RedisLimits | null,
  now: () => Date,
): Promise<App> {
  const keys = buildKeys({
    jwt: config.secrets.jwtSecretKey ?? developmentSecret(dataFolder(config)),
    refresh: config.secrets.refreshSecretKey ?? undefined,
    previous: config.secrets.previousSecretKeys,
  })
  // Passwords and token digests never wait for each other, nor the event loop for either.
  const passwordPool = new HashPool({ threads: hashingThreads(), atOnce: 1, niceness: 15, maxWaiting: 64 })
  const tokenPool = new HashPool({ threads: Math.min(4, hashingThreads()), atOnce: 4, niceness: 10, maxWaiting: 256 })
  const limits = redis ?? (db.dialect === 'postgres' ? databaseLimits(db) : memoryLimits())

  const ctx: HttpContext = {
    db,
    tokens: {
      access: createAccessTokens(keys, config.accessTokenLifetimeSeconds),
      refreshKeys: keys.refresh,
      digests: createRefreshTokenDigests(tokenPool),
    },
    passwords: createPasswords(passwordPool, config.passwordHash),
    settings: ruleSettings(config),
    now,
    random: randomBytes,
    log,
    limiter: config.rateLimit ? createLimiter(limits, now) : unlimited,
    ownLimiter: config.rateLimit ? createLimiter(memoryLimits(), now) : unlimited,
    edge: edgeSettings(config),
  }
  const tls = openTls(config)
  const server = createServer(ctx, version, tls)
  const renewing =
    tls &&
    config.tlsFiles &&
    repeat(renewTls(server.server as unknown as TlsServer, config.tlsFiles, tls, log), {
      pauseMilliseconds: LOOK_AT_CERTIFICATE_MILLISECONDS,
      failure: 'the certificate could not be looked at',
      log,
    })
  const background = await startBackground(config, ctx)

  return {
    ctx,
    background,
    async renewCertificate() {
      await renewing?.runNow()
    },
    listen: () => server.listen({ host: config.host, port: config.port }),
    async close({ graceMilliseconds } = { graceMilliseconds: 0 }) {
      await Promise.all([background.stop(), renewing?.stop(), drain(server, graceMilliseconds)])
      await server.close()
      await Promise.all([passwordPool.close(), tokenPool.close()])
      redis?.close()
      await db.close()
    },
  }
}

/** @throws {ConfigError} for a certificate that cannot be used, and where HTTPS is required and nothing could come over it */
function openTls({ tlsFiles, requireHttps, trustedProxies }: Config): TlsPair | null {
  if (tlsFiles) return readTlsFiles(tlsFiles)
  if (!requireHttps || !trustedProxies.isEmpty) return null
  throw new ConfigError(
    'REQUIRE_HTTPS is on and nothing could come over HTTPS: name your proxy in TRUSTED_PROXIES, set TLS_CERT_FILE and TLS_KEY_FILE, or REQUIRE_HTTPS=off.',
  )
}

async function openRedis({ secrets: { redisUrl } }: Config, log: Log): Promise<RedisLimits | null> {
  if (redisUrl === null) return null
  const { redisLimits } = await import('../storage/limits/redis-limits.ts')
  return redisLimits(redisUrl, logRecoveredErrors(log, 'Redis'))
}

/** Beside the SQLite file; with PostgreSQL, where that file would be by default. */
function dataFolder({ secrets: { database } }: Config): string {
  return database.kind === 'sqlite' ? dirname(database.file) : 'data'
}

import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type DatabaseProxy, startDatabaseProxy } from '../harness/database-proxy.ts'
import { type MailServer, startMailServer } from '../harness/mail-server.ts'
import { createPostgresCluster, type PostgresCluster } from '../harness/postgres-cluster.ts'
import type { Random } from './actors/random.ts'
import type { Settings } from './actors/world.ts'
import { Replica } from './faults/replica.ts'

/** The service under test, with everything that it depends on. */
export interface Scene {
  folder: string
  /** The settings of the servers, and of commands beside them. */
  environment: Record<string, string>
  /** The address of the database without the proxy. */
  databaseUrl: string
  replicas: Replica[]
  mail: MailServer
  /** The database cluster and the proxy in front of it; null on SQLite. */
  postgres: { cluster: PostgresCluster; proxy: DatabaseProxy } | null
}

/** Starts one server on SQLite, or two on PostgreSQL behind a proxy, with clocks that are half a minute apart. */
export async function startScene(
  database: 'sqlite' | 'postgres',
  settings: Settings,
  random: Random,
  onUnexpectedExit: (message: string) => void,
): Promise<Scene> {
  const folder = mkdtempSync(join(tmpdir(), 'tessera-torture-'))
  const mail = await startMailServer()
  const cluster = database === 'postgres' ? await createPostgresCluster() : null
  const databaseUrl = cluster?.url ?? `sqlite:${join(folder, 'tessera.db')}`
  const proxy = cluster ? await startDatabaseProxy(cluster.url) : null
  const environment = {
    DATABASE_URL: proxy?.url ?? databaseUrl,
    JWT_SECRET_KEY: random.of('secret').name().repeat(4),
    REFRESH_REPLAY_WINDOW: String(settings.replayWindowMilliseconds / 1000),
    SESSION_MAX_AGE: String(settings.sessionMaxAgeMilliseconds / 1000),
    JWT_ACCESS_TOKEN_EXPIRATION: String(settings.accessTokenMilliseconds / 1000),
    PAIR_ISSUANCE: 'service',
    SERVICE_KEYS: settings.serviceKey,
    TRUSTED_PROXIES: '127.0.0.1',
    SMTP_URL: mail.url,
    MAIL_FROM: 'Torture <tessera@example.com>',
    PASSWORD_HASH: 'bcrypt',
    BCRYPT_COST: '4',
    RATE_LIMIT: 'off',
    LOG_LEVEL: 'info',
  }
  const names = cluster ? ['one', 'two'] : ['one']
  const start = (name: string) =>
    Replica.start({ name, folder, environment, lateClock: name === 'two', onUnexpectedExit })
  const replicas = await Promise.all(names.map(start))
  return { folder, environment, databaseUrl, replicas, mail, postgres: cluster && proxy && { cluster, proxy } }
}

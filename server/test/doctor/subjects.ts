import { chmodSync } from 'node:fs'
import { after } from 'node:test'
import sql from 'sql-template-tag'
import { startMailServer } from '../../../harness/mail-server.ts'
import { createPostgresCluster, type PostgresCluster } from '../../../harness/postgres-cluster.ts'
import { runChecks } from '../../src/cli/doctor/check.ts'
import { CHECKS } from '../../src/cli/doctor/checks.ts'
import { withSubject } from '../../src/cli/doctor/subject.ts'
import { writeFact } from '../../src/storage/database/installation.ts'
import { migrate } from '../../src/storage/database/migrate.ts'
import { keepAuditMonths } from '../../src/storage/notice/audit-months.ts'
import { KEPT_FOR_GOOD } from '../../src/storage/notice/audit-retention.ts'
import { startNameServer } from '../support/name-server.ts'
import { emptySqliteUrl, openDatabase } from '../support/test-database.ts'

const SECRET = 'k7Gd93jfKs82hdkQ0sl3mfnvbZx61tyuiopWERTYASDFghjkl5678901234zxcvbnmQ'
export const OTHER_SECRET = 'Zq81mXcvLw07rtnB5sdKJhgF32poiuYTREwq9876lkjhgfdsaMNBVCXz45678Qwert'

type Settings = Record<string, string>
type Changes = Parameters<typeof withSubject>[2]

/** The settings of a production server in which there is no fault, without its database and mail server. */
export const SOUND: Settings = {
  NODE_ENV: 'production',
  JWT_SECRET_KEY: SECRET,
  REFRESH_SECRET_KEY: OTHER_SECRET,
  JWT_ISSUER: 'https://auth.acme.example',
  JWT_AUDIENCE: 'api.acme.example',
  PUBLIC_URL: 'https://auth.acme.example',
  TRUSTED_PROXIES: '10.0.0.5',
  MAIL_FROM: 'Acme <no-reply@mail.acme.example>',
}

/** Name servers that know the domain of the sender. */
export const nameServers = [
  await startNameServer({
    'mail.acme.example': ['v=spf1 include:_spf.acme.example -all'],
    '_dmarc.acme.example': ['v=DMARC1; p=reject'],
    'open.example': ['v=spf1 +all'],
    'twice.example': ['v=spf1 -all', 'v=spf1 ~all'],
  }),
]

/** Creates a migrated database on SQLite with a backup, and returns its address. */
export async function soundSqlite(): Promise<string> {
  const url = emptySqliteUrl()
  await prepare(url)
  chmodSync(url.slice('sqlite:'.length), 0o600)
  return url
}

/** Starts PostgreSQL, and returns the address of a migrated database, as the role that owns it. */
export async function soundPostgres(settings: Settings = {}): Promise<string> {
  return (await startPostgres(settings)).url
}

/** Starts PostgreSQL as {@link soundPostgres}, and returns the cluster as well. */
export async function startPostgres(settings: Settings = {}): Promise<{ cluster: PostgresCluster; url: string }> {
  const cluster = await createPostgresCluster({ autovacuum: 'on', fsync: 'on', full_page_writes: 'on', ...settings })
  after(() => cluster.remove())
  const admin = await openDatabase(cluster.url)
  await admin.query(sql`create role app login`)
  await admin.query(sql`alter database tessera owner to app`)
  await admin.close()
  const url = new URL(cluster.url)
  url.username = 'app'
  await prepare(url.href)
  return { cluster, url: url.href }
}

async function prepare(url: string): Promise<void> {
  const db = await openDatabase(url)
  await migrate(db, new Date())
  await keepAuditMonths(db, { now: new Date(), retention: KEPT_FOR_GOOD }, 1)
  await writeFact(db, 'backed_up_at', new Date().toISOString())
  await db.close()
}

/** Starts a mail server, and returns its address. */
export async function soundMailServer(): Promise<string> {
  const mails = await startMailServer()
  after(() => mails.close())
  return mails.url
}

/** Runs the checks of an id, or all, and returns the results. */
export function examine(settings: Settings, { id, ...changes }: { id?: string } & Changes = {}) {
  const checks = id === undefined ? CHECKS : CHECKS.filter((check) => check.id === id)
  return withSubject(settings, (subject) => runChecks(checks, subject), { nameServers, ...changes })
}

/** Returns the verdicts of the checks of an id. */
export async function verdicts(settings: Settings, id: string, changes: Changes = {}): Promise<string[]> {
  const results = await examine(settings, { id, ...changes })
  for (const { verdict, sentence, fix } of results)
    if (verdict === 'warning' || verdict === 'error') {
      if (!sentence || !fix) throw new Error(`${id} says nothing of what to do`)
    }
  return results.map(({ verdict }) => verdict)
}

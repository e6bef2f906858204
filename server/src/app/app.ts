import { setTimeout as sleep } from 'node:timers/promises'
import type { Server as TlsServer } from 'node:tls'
import { promisify } from 'node:util'
import { seedDemoUsers } from '../auth/account/demo-users.ts'
import type { Config } from '../config/reading/config.ts'
import type { HttpContext } from '../http/endpoint/http-context.ts'
import { closeAfterAnswers, drain } from '../http/server/drain.ts'
import { createServer } from '../http/server/server.ts'
import type { Log } from '../observe/log.ts'
import { findSeededUsers } from '../storage/account/users.ts'
import { type Database, databaseClock } from '../storage/database/database.ts'
import { markAsProduction } from '../storage/database/installation.ts'
import { claimServing } from '../storage/drivers/sqlite-serving.ts'
import { buildContext, readKeys } from './build-context.ts'
import { checkKeys } from './check-keys.ts'
import { edgeSettings } from './edge-settings.ts'
import { createIssuer } from './issuer.ts'
import { type Background, startBackground } from './jobs.ts'
import { openDatabase } from './open-database.ts'
import { openLimits } from './open-limits.ts'
import { openSigningKeys } from './open-signing-keys.ts'
import { prepareSchema } from './prepare-schema.ts'
import { type Repeated, repeat } from './repeat.ts'
import { openTls, renewTls, type TlsPair } from './tls-files.ts'

/** The parts of an app that its caller decides. */
interface Surroundings {
  log: Log
  /** Of the package. */
  version: string
  /** Milliseconds since 1970 by this machine; tests move it. */
  clock: () => number
  /** Whether a secret that is none of those in use is meant. */
  acceptNewKeys?: boolean
}

const CHECK_CERTIFICATE_MILLISECONDS = 10_000

export interface App {
  ctx: HttpContext
  /** Starts to serve; returns the base URL. */
  listen(): Promise<string>
  background: Background
  /** Reads the files of the certificate now rather than within ten seconds. */
  renewCertificate(): Promise<void>
  /** Reads the signing keys now rather than within a second. */
  readSigningKeys(): Promise<void>
  /** The number of open connections. */
  countConnections(): Promise<number>
  /**
   * Finishes the requests under way, then closes connections, workers and database.
   *
   * @param options.graceMilliseconds time for requests that are still arriving; none by default
   * @param options.delayMilliseconds time before that in which `/ready` is 503 and everything else is answered
   */
  close(options?: { graceMilliseconds: number; delayMilliseconds?: number }): Promise<void>
}

/** Builds an app: configuration -> database, keys, hashing, mail -> HTTP server. */
export async function createApp(
  config: Config,
  { log, version, clock, acceptNewKeys = false }: Surroundings,
): Promise<App> {
  // Before the database is touched: a start that cannot serve changes nothing.
  const tls = openTls(config)
  const db = await openDatabase(config, log)
  try {
    const now = databaseClock(db, clock)
    await prepareSchema(db, now, config, log)
    const keys = readKeys(config)
    await checkKeys({ db, now, keys, log }, config, acceptNewKeys)
    if (config.production) await beginProduction(db, log)
    else await seedDemoUsers({ db, now })
    return await assemble(config, { log, version, tls }, db, now)
  } catch (error) {
    await db.close()
    throw error
  }
}

/** Records that production has begun, and names demo users that a development server left behind. */
async function beginProduction(db: Database, log: Log): Promise<void> {
  await markAsProduction(db)
  const emails = await findSeededUsers(db)
  const commands = emails.map((email) => `tessera users delete ${email}`)
  if (emails.length > 0)
    log.warn({ commands }, 'demo users of a development server are in this database; they cannot sign in')
}

async function assemble(
  config: Config,
  { log, version, tls }: Pick<Surroundings, 'log' | 'version'> & { tls: TlsPair | null },
  db: Database,
  now: () => Date,
): Promise<App> {
  const [keys, issuer] = [readKeys(config), createIssuer(config)]
  const signing = await openSigningKeys(config, { db, log, now }, keys)
  const { publicKeys } = signing
  const {
    ctx: rules,
    checkHashing,
    refuseWaitingPasswords,
    closePools,
  } = buildContext(config, { db, log, now, keys, publicKeys, issuer: issuer.claim })
  await checkHashing()
  const limits = await openLimits(config, db, now, log)
  const { limiter, processLimiter } = limits
  let isStopping = false
  const ctx = { ...rules, limiter, processLimiter, edge: edgeSettings(config, issuer), isStopping: () => isStopping }
  const server = createServer(ctx, version, tls)
  const renewing = renewCertificates(server.server as unknown as TlsServer, config, tls, log)
  const background = await startBackground(config, ctx)
  const releaseFile = claimFile(config, log)

  return {
    ctx,
    background,
    async renewCertificate() {
      await renewing?.runNow()
    },
    readSigningKeys: () => signing.readAgain(),
    async listen() {
      const url = await server.listen({ host: config.host, port: config.port })
      issuer.listensAt(url)
      return url
    },
    countConnections: () => promisify(server.server.getConnections).call(server.server),
    async close({ graceMilliseconds, delayMilliseconds = 0 } = { graceMilliseconds: 0 }) {
      isStopping = true
      if (delayMilliseconds > 0) {
        closeAfterAnswers(server)
        await sleep(delayMilliseconds)
      }
      // Their clients can log in elsewhere at once, and a full queue would take longer than a stop may.
      setTimeout(refuseWaitingPasswords, Math.max(0, graceMilliseconds - delayMilliseconds)).unref()
      await Promise.all([background.stop(), renewing?.stop(), signing.stop(), drain(server, graceMilliseconds)])
      await server.close()
      await closePools()
      limits.close()
      releaseFile()
      await db.close()
    },
  }
}

/** Warns of a second server on a SQLite file. Returns a function that releases the file. */
function claimFile({ secrets: { database } }: Config, log: Log): () => void {
  if (database.kind !== 'sqlite') return () => {}
  const { isAlone, release } = claimServing(database.file)
  if (!isAlone)
    log.warn(
      { file: database.file },
      'another server serves this SQLite file: each counts limits by itself; for several servers, use PostgreSQL',
    )
  return release
}

function renewCertificates(
  server: TlsServer,
  { tlsFiles }: Pick<Config, 'tlsFiles'>,
  current: TlsPair | null,
  log: Log,
): Repeated | null {
  if (!tlsFiles || !current) return null
  return repeat(renewTls(server, tlsFiles, current, log), {
    pauseMilliseconds: CHECK_CERTIFICATE_MILLISECONDS,
    failure: 'the certificate files could not be checked',
    log,
  })
}

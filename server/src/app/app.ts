import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Server as TlsServer } from 'node:tls'
import { promisify } from 'node:util'
import type { FastifyInstance } from 'fastify'
import { seedDemoUsers } from '../auth/account/demo-users.ts'
import { RevocationFeed } from '../auth/revocation/revocation-feed.ts'
import type { Config } from '../config/reading/config.ts'
import { ConfigError } from '../config/source/config-error.ts'
import type { HttpContext } from '../http/endpoint/http-context.ts'
import { MaintenanceWatch } from '../http/operation/maintenance-watch.ts'
import { closeAfterAnswers, drain } from '../http/server/drain.ts'
import { createServer } from '../http/server/server.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { MetricsPage, MetricsServer } from '../observe/serve-metrics.ts'
import { openServerMetrics, type ServerMetrics } from '../observe/server-metrics.ts'
import { findOtherRoles, findSeededUsers } from '../storage/account/users.ts'
import { type Database, type Done, databaseClock } from '../storage/database/database.ts'
import { Unavailable } from '../storage/database/errors.ts'
import { markAsProduction } from '../storage/database/installation.ts'
import { measureDatabase } from '../storage/database/measured-database.ts'
import { tellingDatabase } from '../storage/database/telling-database.ts'
import { buildContext, readKeys } from './build-context.ts'
import { checkKeys } from './check-keys.ts'
import { edgeSettings } from './edge-settings.ts'
import { createIssuer } from './issuer.ts'
import { type Background, startBackground } from './jobs.ts'
import { claimFile, openDatabase } from './open-database.ts'
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
  /** Called when a start that waited for the end of a move turns out to fail. */
  onCannotStart?: () => void
  /** Whether the server is for the tests of an application: it begins without users, and without trying its hashes. */
  isForTests?: boolean
}

const CHECK_CERTIFICATE_MILLISECONDS = 10_000

export interface App {
  ctx: HttpContext
  /** Takes more routes and hooks until it listens. */
  server: FastifyInstance
  /** Starts to serve; returns the base URL. */
  listen(): Promise<string>
  background: Background
  /** Reads the files of the certificate now rather than within ten seconds. */
  renewCertificate(): Promise<void>
  /** Reads the signing keys now rather than within a second. */
  readSigningKeys(): Promise<void>
  /** Reads what has ended now rather than within half a second. */
  readEndings(): Promise<void>
  /** Reads whether maintenance is on now rather than within a second. */
  readMaintenance(): Promise<void>
  /** The page of all metrics; null where no setting names a way to read it. */
  metricsPage: MetricsPage | null
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
  { log, version, clock, acceptNewKeys = false, onCannotStart = () => {}, isForTests = false }: Surroundings,
): Promise<App> {
  // Before the database is touched: a start that cannot serve changes nothing.
  const tls = openTls(config)
  const measured = await openServerMetrics(config.readsMetrics)
  const db = await openMeasuredDatabase(config, log, measured)
  try {
    const now = databaseClock(db, clock)
    await prepareSchema(db, now, config, log)
    const maintenance = new MaintenanceWatch(db, log, onCannotStart)
    await maintenance.read()
    await maintenance.whenWritable(async () => {
      await checkKeys({ db, now, keys: readKeys(config), log }, config, acceptNewKeys)
      if (config.production) await beginProduction(db, log)
      else if (!isForTests) await seedDemoUsers({ db, now })
    })
    await warnOfOtherRoles(db, config, log)
    return await assemble(config, { log, version, tls, measured, maintenance, isForTests }, db, now)
  } catch (error) {
    await db.close()
    throw error
  }
}

/** Opens the database, which reports what it did; where there are metrics, each statement is measured. */
async function openMeasuredDatabase(config: Config, log: Log, { open, metrics }: ServerMetrics): Promise<Database> {
  const db = await openDatabase(config, log, {
    onRetry: (reason) => metrics.count('tessera_database_retries_total', { reason }),
    onCommit: (transactions) => metrics.observe('tessera_commit_batch_size', transactions, {}),
  })
  const measured = open
    ? measureDatabase(db, (statement, seconds) =>
        open.observe('tessera_database_statement_duration_seconds', seconds, { statement }),
      )
    : db
  return tellingDatabase(measured, (done) => report(done, { log, metrics }))
}

/** Counts what a transaction did, and writes its audit events to the log. */
function report(done: Done, { log, metrics }: { log: Log; metrics: Metrics }): void {
  if (done.what === 'audited') log.info(done.event, 'audit')
  else if (done.what === 'session_opened') metrics.count('tessera_sessions_opened_total', { kind: done.kind })
  else if (done.what === 'address_changed') metrics.count('tessera_address_changes_total', {})
  else metrics.count('tessera_sessions_ended_total', { reason: done.reason }, done.sessions)
}

/** Records that production has begun, and names demo users that a development server left behind. */
async function beginProduction(db: Database, log: Log): Promise<void> {
  await markAsProduction(db)
  const emails = await findSeededUsers(db)
  const commands = emails.map((email) => `tessera users delete ${email}`)
  if (emails.length > 0)
    log.warn({ commands }, 'demo users of a development server are in this database; they cannot sign in')
}

/** Names roles that users have and the settings do not. They stay, and give no right. */
async function warnOfOtherRoles(db: Database, { roles }: Config, log: Log): Promise<void> {
  const others = await findOtherRoles(db, roles).catch((error) => {
    if (!(error instanceof Unavailable)) throw error
    log.warn({ err: error }, 'the roles of users could not be compared with ROLES')
    return []
  })
  if (others.length === 0) return
  log.warn(
    { roles: others },
    'users have roles that ROLES does not name; they keep them: add the roles, or tessera users set-role',
  )
}

async function assemble(
  config: Config,
  {
    log,
    version,
    tls,
    measured,
    maintenance,
    isForTests,
  }: Pick<Surroundings, 'log' | 'version' | 'isForTests'> & {
    tls: TlsPair | null
    measured: ServerMetrics
    maintenance: MaintenanceWatch
  },
  db: Database,
  now: () => Date,
): Promise<App> {
  const [keys, issuer] = [readKeys(config), createIssuer(config)]
  const signing = await openSigningKeys(config, { db, log, now, writable: maintenance }, keys)
  const { publicKeys } = signing
  const {
    ctx: rules,
    checkHashing,
    refuseWaitingPasswords,
    hashQueues,
    closePools,
  } = buildContext(config, { db, log, metrics: measured.metrics, now, keys, publicKeys, issuer: issuer.claim })
  if (!isForTests) await checkHashing() // a library that a test may never need
  const limits = await openLimits(config, db, now, log)
  const { limiter, processLimiter } = limits
  let isStopping = false
  const revocations = new RevocationFeed(rules, {
    accessTokenLifetimeSeconds: config.accessTokenLifetimeSeconds,
    signer: () => publicKeys.signer(),
    onKeyRefused: () => signing.readAgain(),
  })
  const ctx = {
    ...rules,
    limiter,
    processLimiter,
    revocations,
    edge: edgeSettings(config, issuer),
    metricsPage: measured.page,
    isStopping: () => isStopping,
    maintenance: maintenance.current,
  }
  const server = createServer(ctx, version, tls)
  const renewing = renewCertificates(server.server as unknown as TlsServer, config, tls, log)
  const background = await startBackground(config, ctx, maintenance)
  let metricsServer: MetricsServer | null = null
  const releaseFile = claimFile(config, log)
  const countConnections = () => promisify(server.server.getConnections).call(server.server)
  if (measured.open) {
    const { watch } = await import('../http/operation/gauges.ts')
    watch(measured.open, {
      ...{ ctx, version, countConnections, hashQueues },
      certFile: config.tlsFiles?.certFile ?? null,
      sqliteFile: config.secrets.database.kind === 'sqlite' ? config.secrets.database.file : null,
      isLimitStoreUp: limits.isRedisUp,
      cleanedUpAt: background.cleanedUpAt,
    })
  }

  return {
    ctx,
    server,
    background,
    async renewCertificate() {
      await renewing?.runNow()
    },
    readSigningKeys: () => signing.readAgain(),
    readEndings: () => background.readEndings(),
    readMaintenance: () => maintenance.read(),
    async listen() {
      // First: a port that is taken must stop the start before anything is served.
      metricsServer = await listenForMetrics(config, measured.page)
      const url = await server.listen({ host: config.host, port: config.port })
      issuer.listensAt(url)
      // Mails of a development server lead to itself, whichever port it was given.
      if (config.port === 0 && config.publicUrl === null && !config.production) ctx.edge.sender.publicUrl = url
      return url
    },
    countConnections,
    metricsPage: measured.page,
    async close({ graceMilliseconds, delayMilliseconds = 0 } = { graceMilliseconds: 0 }) {
      isStopping = true
      revocations.close()
      if (delayMilliseconds > 0) {
        closeAfterAnswers(server)
        await sleep(delayMilliseconds)
      }
      // Their clients can log in elsewhere at once, and a full queue would take longer than a stop may. Those that come while the
      // port closes still have their time.
      setTimeout(refuseWaitingPasswords, graceMilliseconds).unref()
      await Promise.all([background.stop(), renewing?.stop(), signing.stop(), drain(server, graceMilliseconds)])
      await server.close()
      await closePools()
      limits.close()
      metricsServer?.close()
      releaseFile()
      await db.close()
    },
  }
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

/**
 * Answers on `METRICS_PORT`, unless the first of several processes does so for all.
 *
 * @throws {ConfigError} if the port is taken
 */
export async function listenForMetrics(
  { metricsHost: host, metricsPort: port }: Pick<Config, 'metricsHost' | 'metricsPort'>,
  page: MetricsPage | null,
): Promise<MetricsServer | null> {
  if (port === null || page === null || cluster.isWorker) return null
  const { serveMetrics } = await import('../observe/serve-metrics.ts')
  try {
    return await serveMetrics({ host, port }, page)
  } catch (error) {
    throw new ConfigError(`METRICS_PORT cannot be listened on: ${(error as Error).message}.`)
  }
}

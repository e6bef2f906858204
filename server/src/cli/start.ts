import cluster from 'node:cluster'
import { setTimeout as sleep } from 'node:timers/promises'
import type { Logger } from 'pino'
import { type App, createApp, listenForMetrics } from '../app/app.ts'
import type { Config } from '../config/reading/config.ts'
import { NO_METRICS } from '../observe/metrics.ts'
import { openLog } from '../observe/open-log.ts'
import { connectionBudget } from '../storage/database/connection-budget.ts'
import { giveBackMemory } from './give-back-memory.ts'
import { readSettings } from './run/read-settings.ts'
import { handleSignals, ignoreDebuggerSignal } from './signals.ts'
import { supervise } from './supervise.ts'

const DATABASE_TIMEOUT_MILLISECONDS = 60_000
const DATABASE_RETRY_MILLISECONDS = 1000
/** Nothing listens there, its name is not known yet, or it starts. */
const AWAY = new Set(['ECONNREFUSED', 'ECONNRESET', 'EHOSTUNREACH', 'ETIMEDOUT', 'ENOTFOUND', 'EAI_AGAIN', '57P03'])

/** `tessera start`: serves, in one process or several, until SIGTERM or SIGINT, then finishes running requests. */
export async function start(version: string, { newKey = false }: { newKey?: boolean }): Promise<void> {
  const config = readSettings({ serves: true })
  if (config.production) ignoreDebuggerSignal()
  const isForTerminal = !config.production && process.stdout.isTTY === true
  if (config.processes > 1 && cluster.isPrimary)
    return startGroup(config, await openLog(config.logLevel, { isForTerminal }))

  const isFirst = (cluster.worker?.id ?? 1) === 1 // it prints what should appear only once
  let metrics = NO_METRICS
  const onDrop = () => metrics.count('tessera_log_lines_dropped_total', {})
  const log = await openLog(config.logLevel, { isForTerminal, onDrop })
  for (const warning of isFirst ? config.warnings : []) log.warn(warning)
  const serving = handleSignals(config, log)
  let app: App | null = null
  const onCannotStart = () => void Promise.resolve(app?.close()).finally(() => process.exit(1))
  const create = () => createApp(config, { log, version, clock: Date.now, acceptNewKeys: newKey, onCannotStart })
  app = config.production ? await whenDatabaseAnswers(create, log) : await create()
  metrics = app.ctx.metrics
  try {
    const url = await app.listen()
    const port = /\d+$/.exec(url)?.[0] ?? ''
    if (isFirst && !config.production) process.stdout.write(welcome(config, port))
    if (isFirst) await logConnections(app, config, log)
    log.info(
      {
        ...{ url: listeningUrl(config, port), database: config.secrets.database.kind, production: config.production },
        ...{ version, pid: process.pid },
      },
      'Tessera is listening',
    )
  } catch (error) {
    await app.close()
    throw error
  }
  serving(app)
  giveBackMemory()
}

/** Starts several processes; this one answers for the metrics of all. */
async function startGroup(config: Config, log: Logger): Promise<void> {
  if (config.readsMetrics) {
    const { gatherMetrics } = await import('../observe/metrics-of-processes.ts')
    await listenForMetrics(config, gatherMetrics())
  }
  supervise(config, log)
}

/**
 * Waits a minute for a database that is away, not ready meanwhile: orchestrators delay the restarts of a process that ends,
 * and so prolong an outage. Every other error is thrown at once.
 */
async function whenDatabaseAnswers(create: () => Promise<App>, log: Logger): Promise<App> {
  const giveUpAt = performance.now() + DATABASE_TIMEOUT_MILLISECONDS
  for (;;) {
    try {
      return await create()
    } catch (error) {
      const { code = '' } = ((error as Error).cause ?? {}) as NodeJS.ErrnoException
      if (!AWAY.has(code) || performance.now() > giveUpAt) throw error
      log.warn({ reason: (error as Error).message }, 'waiting for the database')
      await sleep(DATABASE_RETRY_MILLISECONDS)
    }
  }
}

/** Says how many replicas like this one the database has connections for. */
async function logConnections({ ctx }: App, { poolSize, processes }: Config, log: Logger): Promise<void> {
  const connections = await connectionBudget(ctx.db)
  if (connections === null) return
  const replicas = Math.floor(connections / (poolSize * processes))
  const fields = { connections, poolSize, processes, replicas }
  if (replicas > 0) log.info(fields, 'the database has connections for this many replicas')
  else log.warn(fields, 'the database has fewer connections than this server may open: lower DATABASE_POOL')
}

/** The URL with the address that the server listens on: 0.0.0.0 is every address of the machine, not only 127.0.0.1. */
function listeningUrl({ host, tlsFiles }: Config, port: string): string {
  return `${tlsFiles ? 'https' : 'http'}://${host.includes(':') ? `[${host}]` : host}:${port}`
}

function welcome(config: Config, port: string): string {
  const base = `${config.tlsFiles ? 'https' : 'http'}://localhost:${port}`
  const json = `-H 'Content-Type: application/json'`
  const where = config.secrets.database.kind === 'sqlite' ? config.secrets.database.file : 'PostgreSQL'
  const pair = `
  curl -X POST ${base}/auth/token ${json} -d '{"auth":{"user_guid":"123e4567-e89b-12d3-a456-426614174000"}}'`
  return `
Tessera serves ${base} (development, ${where}). ${base}/docs shows the API.
Pages of localhost and other loopback names may call it, on every port; CORS_ORIGINS lists others.
An empty database gets demo users; with them, try:

  curl -X POST ${base}/api/v1/auth/login ${json} -d '{"email":"admin@example.com","password":"password123"}'
  curl -X POST ${base}/api/v1/users/sign_up ${json} -d '{"user":{"email":"me@example.com","password":"correct horse"}}'${config.pairIssuance === 'demo' ? pair : ''}

`
}

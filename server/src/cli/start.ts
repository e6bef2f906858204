import cluster from 'node:cluster'
import type { Logger } from 'pino'
import { type App, createApp } from '../app/app.ts'
import { type Config, readConfig } from '../config/config.ts'
import { readEnvironment } from '../config/environment.ts'
import { openLog } from '../observe/open-log.ts'
import { supervise } from './supervise.ts'

/** Longer than a full lane of passwords takes; an orchestrator that kills after 30 seconds still sees the end. */
const CLOSE_TIMEOUT_MILLISECONDS = 25_000
const GRACE_MILLISECONDS = 1000
const REPEATED_SIGNAL_MILLISECONDS = 500

/** `tessera start`: serves, in one process or several, until SIGTERM or SIGINT, then finishes what is under way. */
export async function start(version: string): Promise<void> {
  const config = readConfig(readEnvironment())
  if (config.processes > 1 && cluster.isPrimary) return supervise(config)

  const isFirst = (cluster.worker?.id ?? 1) === 1 // what is said once is for it to say
  const log = openLog(config.logLevel)
  for (const warning of isFirst ? config.warnings : []) log.warn(warning)
  const app = await createApp(config, { log, version, clock: Date.now })
  try {
    const url = await app.listen()
    if (isFirst && !config.production) process.stdout.write(welcome(config, new URL(url).port))
    log.info({ url, database: config.secrets.database.kind, production: config.production }, 'Tessera is listening')
  } catch (error) {
    await app.close()
    throw error
  }
  stopOnSignal(app, log)
}

function stopOnSignal(app: App, log: Pick<Logger, 'info' | 'error'>): void {
  let stoppingSince: number | null = null
  const stop = (signal: string) => {
    if (stoppingSince !== null) {
      // npm passes on the Ctrl-C that the terminal has sent to us already; a second one by hand means it.
      if (performance.now() - stoppingSince > REPEATED_SIGNAL_MILLISECONDS) process.exit(1)
      return
    }
    stoppingSince = performance.now()
    log.info({ signal }, 'stopping')
    setTimeout(() => process.exit(1), CLOSE_TIMEOUT_MILLISECONDS).unref()
    app.close({ graceMilliseconds: GRACE_MILLISECONDS }).then(
      () => process.exit(0),
      (error) => {
        log.error({ err: error }, 'the stop failed')
        process.exit(1)
      },
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
}

function welcome(config: Config, port: string): string {
  const base = `${config.tlsFiles ? 'https' : 'http'}://localhost:${port}`
  const json = `-H 'Content-Type: application/json'`
  const where = config.secrets.database.kind === 'sqlite' ? config.secrets.database.file : 'PostgreSQL'
  const pair = `
  curl -X POST ${base}/auth/token ${json} -d '{"auth":{"user_guid":"123e4567-e89b-12d3-a456-426614174000"}}'`
  return `
Tessera serves ${base} (development, ${where}). ${base}/docs shows the API.
An empty database gets demo users; with them, try:

  curl -X POST ${base}/api/v1/auth/login ${json} -d '{"email":"admin@example.com","password":"password123"}'
  curl -X POST ${base}/api/v1/users/sign_up ${json} -d '{"user":{"email":"me@example.com","password":"correct horse"}}'${config.pairIssuance === 'demo' ? pair : ''}

`
}

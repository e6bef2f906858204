import { after } from 'node:test'
import { pino } from 'pino'
import type { Sql } from 'sql-template-tag'
import { createApp } from '../../src/app/app.ts'
import { type Config, readConfig } from '../../src/config/reading/config.ts'
import { emptyDatabaseUrl } from './test-database.ts'

export interface Answer {
  status: number
  headers: Headers
  text: string
  // biome-ignore lint/suspicious/noExplicitAny: tests read answers of many shapes
  body: any
}

export interface RequestOptions {
  bearer?: string
  headers?: Record<string, string>
}

export interface TestServer {
  url: string
  databaseUrl: string
  ctx: Awaited<ReturnType<typeof createApp>>['ctx']
  get(path: string, options?: RequestOptions): Promise<Answer>
  post(path: string, body: unknown, options?: RequestOptions): Promise<Answer>
  put(path: string, body: unknown, options?: RequestOptions): Promise<Answer>
  delete(path: string, options?: RequestOptions): Promise<Answer>
  rows<Row extends object>(statement: Sql): Promise<Row[]>
  /** Advances the server's clock. */
  advanceClock(time: { seconds: number }): void
  /** Sends the mails that are due by the server's clock. */
  deliverMails(): Promise<void>
  /** Reloads the certificate files if they changed. */
  renewCertificate(): Promise<void>
  /** Reads the signing keys, as the server does every second. */
  readSigningKeys(): Promise<void>
  /** Reads what has ended, as the server does twice a second. */
  readEndings(): Promise<void>
  /** Reads whether maintenance is on, as the server does every second. */
  readMaintenance(): Promise<void>
  logs: Record<string, unknown>[]
  close(): Promise<void>
}

export const TEST_SECRET = 'the secret of all test servers that set no other'

/** Cheap hashes and no limits, unless a test changes them. */
const TEST_SETTINGS = {
  PORT: '0',
  PASSWORD_HASH: 'bcrypt',
  BCRYPT_COST: '4',
  RATE_LIMIT: 'off',
  LOG_LEVEL: 'info',
  JWT_SECRET_KEY: TEST_SECRET,
}

/** Starts a server on a random port with an empty database and closes it after the tests of the file. */
export async function startServer(
  settings: Record<string, string> = {},
  changes: Partial<Config> = {},
  clock: () => number = Date.now,
): Promise<TestServer> {
  const databaseUrl = settings['DATABASE_URL'] ?? (await emptyDatabaseUrl())
  const config = { ...readConfig({ ...TEST_SETTINGS, ...settings, DATABASE_URL: databaseUrl }), ...changes }
  const logs: Record<string, unknown>[] = []
  const log = pino({ level: config.logLevel, base: null }, { write: (line: string) => logs.push(JSON.parse(line)) })
  let shift = 0
  const app = await createApp(config, { log, version: '0.0.0', clock: () => clock() + shift })
  const url = await app.listen().catch(async (error) => {
    await app.close()
    throw error
  })
  let closing: Promise<void> | null = null
  const close = () => (closing ??= app.close())
  after(close)
  return {
    url,
    databaseUrl,
    ctx: app.ctx,
    get: (path, options) => send(url + path, { method: 'GET' }, options),
    post: (path, body, options) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return send(url + path, { method: 'POST', body: text, headers: { 'content-type': 'application/json' } }, options)
    },
    put: (path, body, options) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body)
      return send(url + path, { method: 'PUT', body: text, headers: { 'content-type': 'application/json' } }, options)
    },
    delete: (path, options) => send(url + path, { method: 'DELETE' }, options),
    rows: (statement) => app.ctx.db.query(statement),
    advanceClock: ({ seconds }) => {
      shift += seconds * 1000
    },
    deliverMails: () => app.background.deliverMails(),
    renewCertificate: () => app.renewCertificate(),
    readSigningKeys: () => app.readSigningKeys(),
    readEndings: () => app.readEndings(),
    readMaintenance: () => app.readMaintenance(),
    logs,
    close,
  }
}

export async function send(url: string, init: RequestInit, options: RequestOptions = {}): Promise<Answer> {
  const headers = new Headers(init.headers)
  if (options.bearer !== undefined) headers.set('authorization', `Bearer ${options.bearer}`)
  for (const [name, value] of Object.entries(options.headers ?? {})) headers.set(name, value)
  const response = await fetch(url, { ...init, headers })
  const text = await response.text()
  const isJson = text !== '' && response.headers.get('content-type')?.startsWith('application/json')
  return { status: response.status, headers: response.headers, text, body: isJson ? JSON.parse(text) : null }
}

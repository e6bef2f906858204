import { accessSync, constants } from 'node:fs'
import { ConfigError } from '../source/config-error.ts'
import { type Setting, withDefault } from './setting.ts'
import { onOrOff, retention, wholeNumber } from './setting-values.ts'

export type DatabaseSetting =
  /** A temporary file need not outlive a crash of the machine: tests do not wait for its disk. */
  { kind: 'sqlite'; file: string; isTemporary?: true } | { kind: 'postgres'; url: string }

const POSTGRES_OPTIONS = [
  'sslmode',
  'sslrootcert',
  'sslcert',
  'sslkey',
  'host',
  'port',
  'application_name',
  'options',
] as const
const FILE_OPTIONS = ['sslrootcert', 'sslcert', 'sslkey'] as const

/** The settings of the database. */
export const DATABASE_SETTINGS = {
  database: withDefault({
    name: 'DATABASE_URL',
    group: 'database',
    secret: true,
    default: 'sqlite:data/tessera.db',
    read: databaseUrl,
    describe: '`sqlite:path`, or `postgres://user:password@host:port/database`',
  }),
  preparedStatements: withDefault({
    name: 'DATABASE_PREPARED',
    group: 'database',
    default: 'on',
    read: onOrOff,
    describe: '`off` prepares no statements',
  }),
  poolSize: withDefault({
    name: 'DATABASE_POOL',
    group: 'database',
    default: '10',
    read: wholeNumber(5, 50),
    describe: 'connections to PostgreSQL of each process',
  }),
  migrates: withDefault({
    name: 'MIGRATE',
    group: 'database',
    default: 'on',
    read: onOrOff,
    describe: 'whether a start applies pending migrations',
  }),
  auditRetentionSeconds: withDefault({
    name: 'AUDIT_RETENTION',
    group: 'database',
    default: '90d',
    read: retention,
    describe: 'how long most audit events are kept',
  }),
  auditRetentionShortSeconds: withDefault({
    name: 'AUDIT_RETENTION_SHORT',
    group: 'database',
    default: '30d',
    read: retention,
    describe: 'how long failed logins and other refusals are kept in the audit',
  }),
  auditRetentionLongSeconds: withDefault({
    name: 'AUDIT_RETENTION_LONG',
    group: 'database',
    default: '400d',
    read: retention,
    describe: 'how long changes of accounts, credentials and settings are kept in the audit',
  }),
} satisfies Record<string, Setting<unknown>>

/** Reads `DATABASE_URL`. Options that the driver would ignore, or read in its own way, are refused. */
function databaseUrl(value: string): DatabaseSetting {
  const file = /^sqlite:(?:\/\/(?=\/))?(?!\/\/)(.+)$/.exec(value)?.[1]
  if (file === ':memory:') throw new ConfigError('DATABASE_URL must name a file, because two connections share it.')
  if (file?.startsWith('file:'))
    throw new ConfigError('DATABASE_URL must name a file after sqlite:, without file: or ?.')
  if (file) return { kind: 'sqlite', file }
  if (/^postgres(ql)?:\/\/(?:[^/?#]*@)?[^/?#@]*,[^/?#@]*(?:[/?#]|$)/.test(value))
    throw new ConfigError(
      'DATABASE_URL names several hosts; name one that leads to the primary, such as a pooler or a virtual address.',
    )
  if (/^postgres(ql)?:\/\/./.test(value) && URL.canParse(value)) return { kind: 'postgres', url: postgresUrl(value) }
  throw new ConfigError('DATABASE_URL must look like sqlite:path/to/file.db or postgres://user:password@host/database.')
}

function postgresUrl(value: string): string {
  const url = new URL(value)
  for (const name of url.searchParams.keys()) {
    if (!POSTGRES_OPTIONS.some((known) => known === name))
      throw new ConfigError(`DATABASE_URL has the option ${name}, which is none of ${POSTGRES_OPTIONS.join(', ')}.`)
    if (url.searchParams.getAll(name).length > 1)
      throw new ConfigError(`DATABASE_URL has the option ${name} twice; keep one of them.`)
  }
  for (const name of FILE_OPTIONS) checkReadable(name, url.searchParams.get(name))
  const mode = url.searchParams.get('sslmode')
  if (mode === null || mode === 'disable' || mode === 'no-verify' || mode === 'verify-full') return value
  // The driver verifies the certificate in these modes today and has announced that it will not.
  if (!['prefer', 'require', 'verify-ca'].includes(mode))
    throw new ConfigError('DATABASE_URL must have sslmode=verify-full, no-verify or disable.')
  return value.replace(/(?<=[?&]sslmode=)[^&#]*/, 'verify-full')
}

function checkReadable(name: string, file: string | null): void {
  if (file === null) return
  try {
    accessSync(file, constants.R_OK)
  } catch {
    throw new ConfigError(`DATABASE_URL: the file ${file} of ${name} cannot be read.`)
  }
}

import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import type { PasswordHash } from '../crypto/passwords.ts'
import type { MailFrom } from '../mail/delivery/sender.ts'
import type { IpRanges } from '../text/ip-address.ts'
import { ConfigError } from './config-error.ts'
import { checkProductionSecret } from './secret-strength.ts'
import {
  type DatabaseSetting,
  database,
  list,
  mailSender,
  oneOf,
  origin,
  ranges,
  seconds,
  smtpServer,
  url,
  whole,
} from './setting-values.ts'
import { type SettingName, secretSettings } from './settings.ts'
import { findUnknownSetting } from './unknown-setting.ts'

export interface Config {
  production: boolean
  host: string
  port: number
  /** How many processes serve the port. */
  processes: number
  database: DatabaseSetting
  /** Null: development generates one. */
  jwtSecret: string | null
  previousSecrets: readonly string[]
  refreshSecret: string | null
  accessTokenLifetimeSeconds: number
  refreshTokenLifetimeSeconds: number
  sessionMaxAgeSeconds: number
  rotation: 'adaptive' | 'strict'
  replayWindowSeconds: number
  pairIssuance: 'service' | 'demo' | 'off'
  serviceKeys: readonly string[]
  demoFrom: IpRanges
  passwordHash: PasswordHash
  smtpUrl: string | null
  mailFrom: MailFrom
  publicUrl: string | null
  trustedProxies: IpRanges
  /** PEM files for HTTPS without a proxy; read again when they change. */
  tlsFiles: { certFile: string; keyFile: string } | null
  /** Whether requests that did not come over TLS are refused. */
  requireHttps: boolean
  corsOrigins: readonly string[]
  /** Whether every login gets its refresh token in a cookie, rather than those that ask. */
  cookieMode: boolean
  redisUrl: string | null
  rateLimit: boolean
  logLevel: string
  /** What is allowed and unwise; logged at start. */
  warnings: readonly string[]
}

type Environment = Record<string, string | undefined>

/** The environment, over a `.env` file in the working directory if there is one. The only reader of `process.env`. */
export function readEnvironment(): Environment {
  let file: string
  try {
    file = readFileSync('.env', 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ...process.env }
    throw new ConfigError(`The file .env cannot be read: ${(error as Error).message}.`)
  }
  return { ...parseEnv(file), ...process.env }
}

/** @throws {ConfigError} for unknown names, unparsable values and contradictions */
export function readConfig(environment: Environment): Config {
  refuseUnknownNames(environment)
  const text = (name: SettingName) => readSetting(environment, name)
  const nodeEnv = oneOf(text('NODE_ENV') ?? 'development', ['development', 'production', 'test'], 'NODE_ENV')
  const production = nodeEnv === 'production'
  const warnings: string[] = []

  const previousSecrets = list(text('JWT_PREVIOUS_SECRET_KEYS'))
  const jwtSecret = text('JWT_SECRET_KEY')
  const refreshSecret = text('REFRESH_SECRET_KEY')
  const secrets: [SettingName, string | null][] = [
    ['JWT_SECRET_KEY', jwtSecret],
    ['REFRESH_SECRET_KEY', refreshSecret],
    ...previousSecrets.map((secret): [SettingName, string] => ['JWT_PREVIOUS_SECRET_KEYS', secret]),
  ]
  for (const [name, secret] of secrets) {
    if (secret === null) {
      if (production && name === 'JWT_SECRET_KEY')
        throw new ConfigError(`${name} must be set in production; make one with: openssl rand -hex 64`)
      continue
    }
    const complaint = checkProductionSecret(secret)
    if (complaint && production) throw new ConfigError(`${name} ${complaint}; make one with: openssl rand -hex 64`)
    if (complaint) warnings.push(`${name} ${complaint}; production would refuse it.`)
  }
  if (production && refreshSecret !== null && refreshSecret === jwtSecret) {
    throw new ConfigError(
      'REFRESH_SECRET_KEY is the same as JWT_SECRET_KEY; give it a value of its own or leave it out.',
    )
  }

  const serviceKeys = list(text('SERVICE_KEYS'))
  if (production && serviceKeys.some((key) => Buffer.byteLength(key) < 32)) {
    throw new ConfigError('SERVICE_KEYS has a key of fewer than 32 bytes; make each with: openssl rand -hex 32')
  }
  if (serviceKeys.some((key) => !/^[\w.~+/-]+=*$/.test(key))) {
    throw new ConfigError('SERVICE_KEYS has a key with characters that no Authorization: Bearer header can carry.')
  }
  const issuance = text('PAIR_ISSUANCE') ?? (production ? 'service' : 'demo')
  const pairIssuance = oneOf(issuance, ['service', 'demo', 'off'], 'PAIR_ISSUANCE')
  if (production && pairIssuance === 'demo') {
    throw new ConfigError(
      'PAIR_ISSUANCE=demo hands tokens to anybody who knows a GUID and is refused in production; use service or off.',
    )
  }
  const trustedProxies = ranges(text('TRUSTED_PROXIES'), 'TRUSTED_PROXIES')
  if (trustedProxies.includesEverything) {
    throw new ConfigError(
      'TRUSTED_PROXIES covers every address, so that anybody could claim any; list your proxies only.',
    )
  }
  const [certFile, keyFile] = [text('TLS_CERT_FILE'), text('TLS_KEY_FILE')]
  if ((certFile === null) !== (keyFile === null)) {
    throw new ConfigError('TLS_CERT_FILE and TLS_KEY_FILE belong together; set both, or neither.')
  }
  const smtpUrl = smtpServer(text('SMTP_URL'))
  const mailFrom = mailSender(text('MAIL_FROM'))
  if (smtpUrl !== null && mailFrom === null) {
    throw new ConfigError(
      'SMTP_URL is set without MAIL_FROM; set it to a sender such as "Acme <no-reply@acme.example>".',
    )
  }
  const databaseSetting = database(text('DATABASE_URL') ?? 'sqlite:data/tessera.db')
  const processes = whole(text('WEB_CONCURRENCY') ?? '1', 'WEB_CONCURRENCY', 1, 256)
  if (processes > 1 && databaseSetting.kind === 'sqlite') {
    throw new ConfigError(
      `WEB_CONCURRENCY=${processes} needs PostgreSQL, since a SQLite file is for one process; set DATABASE_URL, or WEB_CONCURRENCY=1.`,
    )
  }
  const algorithm = oneOf(text('PASSWORD_HASH') ?? 'bcrypt', ['bcrypt', 'argon2id'], 'PASSWORD_HASH')
  const cost = whole(text('BCRYPT_COST') ?? '12', 'BCRYPT_COST', 4, 20)
  if (production && algorithm === 'bcrypt' && cost < 10)
    warnings.push(`BCRYPT_COST=${cost} makes stolen digests cheap to guess; use 10 or more.`)

  return {
    production,
    host: text('HOST') ?? (production ? '0.0.0.0' : '127.0.0.1'),
    port: whole(text('PORT') ?? '3000', 'PORT', 0, 65_535),
    processes,
    database: databaseSetting,
    jwtSecret,
    previousSecrets,
    refreshSecret,
    accessTokenLifetimeSeconds: seconds(text('JWT_ACCESS_TOKEN_EXPIRATION') ?? '900', 'JWT_ACCESS_TOKEN_EXPIRATION'),
    refreshTokenLifetimeSeconds: seconds(
      text('JWT_REFRESH_TOKEN_EXPIRATION') ?? '604800',
      'JWT_REFRESH_TOKEN_EXPIRATION',
    ),
    sessionMaxAgeSeconds: seconds(text('SESSION_MAX_AGE') ?? '2592000', 'SESSION_MAX_AGE'),
    rotation: oneOf(text('REFRESH_TOKEN_ROTATION') ?? 'adaptive', ['adaptive', 'strict'], 'REFRESH_TOKEN_ROTATION'),
    replayWindowSeconds: whole(text('REFRESH_REPLAY_WINDOW') ?? '30', 'REFRESH_REPLAY_WINDOW', 0, 3600),
    pairIssuance: pairIssuance === 'service' && serviceKeys.length === 0 ? 'off' : pairIssuance,
    serviceKeys,
    demoFrom: ranges(text('DEMO_FROM') ?? '127.0.0.0/8,::1', 'DEMO_FROM'),
    passwordHash: algorithm === 'bcrypt' ? { algorithm, cost } : { algorithm },
    smtpUrl,
    mailFrom,
    publicUrl: url(text('PUBLIC_URL'), 'PUBLIC_URL', ['http:', 'https:']),
    trustedProxies,
    tlsFiles: certFile !== null && keyFile !== null ? { certFile, keyFile } : null,
    requireHttps: oneOf(text('REQUIRE_HTTPS') ?? (production ? 'on' : 'off'), ['on', 'off'], 'REQUIRE_HTTPS') === 'on',
    corsOrigins: list(text('CORS_ORIGINS')).map(origin),
    cookieMode: oneOf(text('COOKIE_MODE') ?? 'off', ['on', 'off'], 'COOKIE_MODE') === 'on',
    redisUrl: url(text('REDIS_URL'), 'REDIS_URL', ['redis:', 'rediss:']),
    rateLimit: oneOf(text('RATE_LIMIT') ?? 'on', ['on', 'off'], 'RATE_LIMIT') === 'on',
    logLevel: oneOf(
      text('LOG_LEVEL') ?? 'info',
      ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'],
      'LOG_LEVEL',
    ),
    warnings,
  }
}

/** Empty counts as not set: that is what `${NAME:-}` in a compose file leaves behind. */
function readSetting(environment: Environment, name: SettingName): string | null {
  const value = environment[name] || null
  const fileName = secretSettings.has(name) ? environment[`${name}_FILE`] : undefined
  if (!fileName) return value
  if (value !== null) throw new ConfigError(`${name} and ${name}_FILE are both set; keep one of them.`)
  try {
    return readFileSync(fileName, 'utf8').replace(/\r?\n$/, '') || null
  } catch (error) {
    throw new ConfigError(`${name}_FILE cannot be read: ${(error as Error).message}.`)
  }
}

function refuseUnknownNames(environment: Environment): void {
  const found = findUnknownSetting(environment)
  if (!found) return
  const hint = found.meant ? `did you mean ${found.meant}?` : 'see docs/configuration.md for their names.'
  throw new ConfigError(`${found.name} is not a setting; ${hint}`)
}

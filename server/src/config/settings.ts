import {
  database,
  ipRanges,
  lifetimeSeconds,
  list,
  mailSender,
  oneOf,
  onOrOff,
  origins,
  type Reader,
  smtpServer,
  text,
  url,
  wholeNumber,
} from './setting-values.ts'

type Group =
  | 'server'
  | 'database'
  | 'keys'
  | 'tokens'
  | 'pairs'
  | 'passwords'
  | 'mail'
  | 'https'
  | 'browsers'
  | 'limits'

/** A setting, with everything that reading it, checking its name and documenting it need. */
export interface Setting<Value> {
  /** The environment variable. */
  name: string
  group: Group
  /** Whether it can also be given as `NAME_FILE`, the path of a file that holds the value. */
  secret: boolean
  default: string | null | ByEnvironment
  /** The default in words, where it is no value. */
  defaultInWords: string
  unit: 'seconds' | null
  /** The beginning of its description in `docs/configuration.md`. */
  describe: string
  /** Reads the value, or the default where none is set. */
  read(value: string | null, name: string): Value
}

/** A default that production hardens. */
interface ByEnvironment {
  development: string
  production: string
}

type Definition<Value> = Pick<Setting<Value>, 'name' | 'group' | 'describe'> &
  Partial<Pick<Setting<Value>, 'secret' | 'defaultInWords' | 'unit'>>

function withDefault<Value>(
  definition: Definition<Value> & { default: string | ByEnvironment; read: Reader<Value> },
): Setting<Value> {
  const { read } = definition
  return { ...UNLESS_DEFINED, ...definition, read: (value, name) => read(value ?? '', name) }
}

function optional<Value>(definition: Definition<Value> & { read: Reader<Value> }): Setting<Value | null> {
  const { read } = definition
  return {
    ...UNLESS_DEFINED,
    ...definition,
    default: null,
    read: (value, name) => (value === null ? null : read(value, name)),
  }
}

/** A list that is empty unless it is set. */
function optionalList<Value>(definition: Definition<Value> & { read: Reader<Value> }): Setting<Value> {
  const { read } = definition
  return { ...UNLESS_DEFINED, ...definition, default: null, read: (value, name) => read(value ?? '', name) }
}

const UNLESS_DEFINED = { secret: false, defaultInWords: 'none', unit: null } as const

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const

/** Every setting, in the order of `docs/configuration.md`. Its key is its name in {@link Config}. */
export const SETTINGS = {
  nodeEnv: withDefault({
    name: 'NODE_ENV',
    group: 'server',
    default: 'development',
    read: oneOf(['development', 'production', 'test']),
    describe: '`production` hardens every default',
  }),
  host: withDefault({
    name: 'HOST',
    group: 'server',
    default: { development: '127.0.0.1', production: '0.0.0.0' },
    read: text,
    describe: 'address to listen on',
  }),
  port: withDefault({
    name: 'PORT',
    group: 'server',
    default: '3000',
    read: wholeNumber(0, 65_535),
    describe: 'port to listen on',
  }),
  processes: withDefault({
    name: 'WEB_CONCURRENCY',
    group: 'server',
    default: '1',
    read: wholeNumber(1, 256),
    describe: 'number of processes that serve the port',
  }),
  database: withDefault({
    name: 'DATABASE_URL',
    group: 'database',
    secret: true,
    default: 'sqlite:data/tessera.db',
    read: database,
    describe: '`sqlite:path`, or `postgres://user:password@host:port/database`',
  }),
  jwtSecretKey: optional({
    name: 'JWT_SECRET_KEY',
    group: 'keys',
    secret: true,
    defaultInWords: 'generated in development',
    read: text,
    describe: 'Signs access tokens',
  }),
  previousSecretKeys: optionalList({
    name: 'JWT_PREVIOUS_SECRET_KEYS',
    group: 'keys',
    secret: true,
    read: list,
    describe: 'Keys that verify and do not sign',
  }),
  refreshSecretKey: optional({
    name: 'REFRESH_SECRET_KEY',
    group: 'keys',
    secret: true,
    defaultInWords: 'derived from `JWT_SECRET_KEY`',
    read: text,
    describe: 'Root of the keys that make refresh tokens',
  }),
  accessTokenLifetimeSeconds: withDefault({
    name: 'JWT_ACCESS_TOKEN_EXPIRATION',
    group: 'tokens',
    default: '900',
    unit: 'seconds',
    read: lifetimeSeconds,
    describe: 'lifetime of an access token',
  }),
  refreshTokenLifetimeSeconds: withDefault({
    name: 'JWT_REFRESH_TOKEN_EXPIRATION',
    group: 'tokens',
    default: '604800',
    unit: 'seconds',
    read: lifetimeSeconds,
    describe: 'lifetime of a refresh token',
  }),
  sessionMaxAgeSeconds: withDefault({
    name: 'SESSION_MAX_AGE',
    group: 'tokens',
    default: '2592000',
    unit: 'seconds',
    read: lifetimeSeconds,
    describe: 'absolute lifetime of a session',
  }),
  rotation: withDefault({
    name: 'REFRESH_TOKEN_ROTATION',
    group: 'tokens',
    default: 'adaptive',
    read: oneOf(['adaptive', 'strict']),
    describe: '`strict` uses up the first token of a login too',
  }),
  replayWindowSeconds: withDefault({
    name: 'REFRESH_REPLAY_WINDOW',
    group: 'tokens',
    default: '30',
    unit: 'seconds',
    read: wholeNumber(0, 3600),
    describe: 'seconds in which a used token of a login is answered with its successor again',
  }),
  pairIssuance: withDefault({
    name: 'PAIR_ISSUANCE',
    group: 'pairs',
    default: { development: 'demo', production: 'service' },
    read: oneOf(['service', 'demo', 'off']),
    describe: 'allowed callers of `POST /auth/token`',
  }),
  serviceKeys: optionalList({
    name: 'SERVICE_KEYS',
    group: 'pairs',
    secret: true,
    read: list,
    describe: 'Keys of services',
  }),
  demoFrom: withDefault({
    name: 'DEMO_FROM',
    group: 'pairs',
    default: '127.0.0.0/8,::1',
    read: ipRanges,
    describe: 'addresses and CIDR ranges from which demo users can sign in',
  }),
  passwordAlgorithm: withDefault({
    name: 'PASSWORD_HASH',
    group: 'passwords',
    default: 'bcrypt',
    read: oneOf(['bcrypt', 'argon2id']),
    describe: '`bcrypt` or `argon2id`',
  }),
  bcryptCost: withDefault({
    name: 'BCRYPT_COST',
    group: 'passwords',
    default: '12',
    read: wholeNumber(4, 20),
    describe: '4 to 20',
  }),
  smtpUrl: optional({
    name: 'SMTP_URL',
    group: 'mail',
    secret: true,
    read: smtpServer,
    describe: '`smtp://user:password@host:587` or `smtps://…:465`',
  }),
  mailFrom: optional({
    name: 'MAIL_FROM',
    group: 'mail',
    defaultInWords: 'none; needed with `SMTP_URL`',
    read: mailSender,
    describe: 'sender of mails',
  }),
  publicUrl: optional({
    name: 'PUBLIC_URL',
    group: 'mail',
    read: url(['http:', 'https:']),
    describe: 'address of your service for its users',
  }),
  trustedProxies: optionalList({
    name: 'TRUSTED_PROXIES',
    group: 'https',
    read: ipRanges,
    describe: 'addresses and CIDR ranges whose `X-Forwarded-For` is trusted',
  }),
  tlsCertFile: optional({
    name: 'TLS_CERT_FILE',
    group: 'https',
    read: text,
    describe: 'PEM file of the certificate with its chain',
  }),
  tlsKeyFile: optional({
    name: 'TLS_KEY_FILE',
    group: 'https',
    defaultInWords: 'none; needed with `TLS_CERT_FILE`',
    read: text,
    describe: 'PEM file of its key',
  }),
  requireHttps: withDefault({
    name: 'REQUIRE_HTTPS',
    group: 'https',
    default: { development: 'off', production: 'on' },
    read: onOrOff,
    describe: 'refuses requests over plain HTTP',
  }),
  corsOrigins: optionalList({
    name: 'CORS_ORIGINS',
    group: 'browsers',
    read: origins,
    describe: 'exact origins, separated by commas, whose pages may call from a browser',
  }),
  cookieMode: withDefault({
    name: 'COOKIE_MODE',
    group: 'browsers',
    default: 'off',
    read: onOrOff,
    describe: '`on` puts the refresh token of every login into a cookie',
  }),
  redisUrl: optional({
    name: 'REDIS_URL',
    group: 'limits',
    secret: true,
    read: url(['redis:', 'rediss:']),
    describe: '`redis://` or `rediss://`',
  }),
  rateLimit: withDefault({
    name: 'RATE_LIMIT',
    group: 'limits',
    default: 'on',
    read: onOrOff,
    describe: '`off` disables all limits',
  }),
  logLevel: withDefault({
    name: 'LOG_LEVEL',
    group: 'server',
    default: 'info',
    read: oneOf(LOG_LEVELS),
    describe: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
  }),
} satisfies Record<string, Setting<unknown>>

export type SettingKey = keyof typeof SETTINGS

/** The value of each setting, as read. */
export type SettingValues = { [Key in SettingKey]: ReturnType<(typeof SETTINGS)[Key]['read']> }

import { ACCOUNT_SETTINGS } from './account-settings.ts'
import { BROWSER_SETTINGS } from './browser-settings.ts'
import { DATABASE_SETTINGS } from './database-settings.ts'
import { serviceKeys } from './service-keys.ts'
import { optional, optionalList, type Setting, withDefault } from './setting.ts'
import {
  duration,
  durationOrOff,
  ipRanges,
  list,
  oneOf,
  onOrOff,
  seconds,
  text,
  url,
  wholeNumber,
} from './setting-values.ts'
import { TOKEN_SETTINGS } from './token-settings.ts'

/** More than a process can answer in a minute. */
const MAX_LIMIT = 1_000_000_000

/** All settings, in the order of `docs/configuration.md`. The key of each is its name in {@link Config}. */
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
  shutdownDelaySeconds: withDefault({
    name: 'SHUTDOWN_DELAY',
    group: 'server',
    default: { development: '0', production: '5' },
    unit: 'seconds',
    read: seconds(0, 300),
    describe: 'how long a stopping server goes on answering while `/ready` is 503',
  }),
  keepAliveSeconds: withDefault({
    name: 'KEEP_ALIVE',
    group: 'server',
    default: '72',
    unit: 'seconds',
    read: seconds(1, 3600),
    describe: 'how long a connection stays open without a request',
  }),
  metricsPort: optional({
    name: 'METRICS_PORT',
    group: 'server',
    read: wholeNumber(0, 65_535),
    describe: 'port that answers `/metrics` for Prometheus',
  }),
  metricsHost: withDefault({
    name: 'METRICS_HOST',
    group: 'server',
    default: '127.0.0.1',
    read: text,
    describe: 'address of that port',
  }),
  ...DATABASE_SETTINGS,
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
    describe: 'Keys that verify access tokens and sign none',
  }),
  refreshSecretKey: optional({
    name: 'REFRESH_SECRET_KEY',
    group: 'keys',
    secret: true,
    defaultInWords: 'derived from `JWT_SECRET_KEY`',
    read: text,
    describe: 'Root of the keys that make refresh tokens',
  }),
  previousRefreshSecretKeys: optionalList({
    name: 'REFRESH_PREVIOUS_SECRET_KEYS',
    group: 'keys',
    secret: true,
    read: list,
    describe: 'Keys that recognise refresh tokens and make none',
  }),
  algorithm: withDefault({
    name: 'JWT_ALGORITHM',
    group: 'keys',
    default: 'HS256',
    read: oneOf(['HS256', 'ES256', 'EdDSA', 'RS256']),
    describe: 'signs the access tokens of logins',
  }),
  keyRotationSeconds: withDefault({
    name: 'KEY_ROTATION',
    group: 'keys',
    default: '7776000',
    unit: 'seconds',
    read: durationOrOff,
    describe: 'how long a key pair signs',
  }),
  keyNoticeSeconds: withDefault({
    name: 'KEY_NOTICE',
    group: 'keys',
    default: '86400',
    unit: 'seconds',
    read: duration,
    describe: 'how long a key pair is published, at least, before it signs',
  }),
  refusedKeys: optionalList({
    name: 'KEYS_REFUSED',
    group: 'keys',
    read: list,
    describe: 'ids of key pairs whose tokens are refused for good',
  }),
  signingKeyFiles: optionalList({
    name: 'SIGNING_KEY_FILE',
    group: 'keys',
    read: list,
    describe: 'files of private keys, separated by commas',
  }),
  ...TOKEN_SETTINGS,
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
    read: serviceKeys,
    describe: 'keys of services, separated by commas',
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
    default: 'argon2id',
    read: oneOf(['bcrypt', 'argon2id']),
    describe: '`argon2id` (19 MiB, 2 passes) or `bcrypt`',
  }),
  bcryptCost: withDefault({
    name: 'BCRYPT_COST',
    group: 'passwords',
    default: '12',
    read: wholeNumber(4, 15),
    describe: '4 to 15',
  }),
  ...ACCOUNT_SETTINGS,
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
  hsts: withDefault({
    name: 'HSTS',
    group: 'https',
    default: { development: 'off', production: 'subdomains' },
    read: oneOf(['subdomains', 'host', 'off']),
    describe: 'whether browsers must use HTTPS from then on, for a year',
  }),
  ...BROWSER_SETTINGS,
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
  refreshLimit: withDefault({
    name: 'REFRESH_LIMIT',
    group: 'limits',
    default: '6000',
    read: wholeNumber(1, MAX_LIMIT),
    describe: 'refresh tokens of one network that are not genuine, in a minute',
  }),
  pairLimit: withDefault({
    name: 'PAIR_LIMIT',
    group: 'limits',
    default: '6000',
    read: wholeNumber(1, MAX_LIMIT),
    describe: 'pairs that are issued to one network, in a minute',
  }),
  refusalLimit: withDefault({
    name: 'REFUSAL_LIMIT',
    group: 'limits',
    default: '6000',
    read: wholeNumber(1, MAX_LIMIT),
    describe: 'access tokens and service keys of one network that are refused, in a minute',
  }),
  logLevel: withDefault({
    name: 'LOG_LEVEL',
    group: 'server',
    default: 'info',
    read: oneOf(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const),
    describe: '`fatal`, `error`, `warn`, `info`, `debug`, `trace` or `silent`',
  }),
  logRequests: withDefault({
    name: 'LOG_REQUESTS',
    group: 'server',
    default: 'all',
    read: oneOf(['all', 'errors', 'off'] as const),
    describe: 'the requests that have a line in the log: `all`, `errors` (those with a 5xx) or `off`',
  }),
} satisfies Record<string, Setting<unknown>>

export type SettingKey = keyof typeof SETTINGS

/** The value of each setting, as read. */
export type SettingValues = { [Key in SettingKey]: ReturnType<(typeof SETTINGS)[Key]['read']> }

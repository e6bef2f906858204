/** Every setting there is; `docs/configuration.md` describes each, and a test compares the two. */
export const settingNames = [
  'NODE_ENV',
  'HOST',
  'PORT',
  'WEB_CONCURRENCY',
  'DATABASE_URL',
  'JWT_SECRET_KEY',
  'JWT_PREVIOUS_SECRET_KEYS',
  'REFRESH_SECRET_KEY',
  'JWT_ACCESS_TOKEN_EXPIRATION',
  'JWT_REFRESH_TOKEN_EXPIRATION',
  'SESSION_MAX_AGE',
  'REFRESH_TOKEN_ROTATION',
  'REFRESH_REPLAY_WINDOW',
  'PAIR_ISSUANCE',
  'SERVICE_KEYS',
  'DEMO_FROM',
  'PASSWORD_HASH',
  'BCRYPT_COST',
  'SMTP_URL',
  'MAIL_FROM',
  'PUBLIC_URL',
  'TRUSTED_PROXIES',
  'TLS_CERT_FILE',
  'TLS_KEY_FILE',
  'REQUIRE_HTTPS',
  'CORS_ORIGINS',
  'COOKIE_MODE',
  'REDIS_URL',
  'RATE_LIMIT',
  'LOG_LEVEL',
] as const

export type SettingName = (typeof settingNames)[number]

/** These may also be given as `NAME_FILE`, the path of a file that holds the value. */
export const secretSettings: ReadonlySet<SettingName> = new Set([
  'DATABASE_URL',
  'JWT_SECRET_KEY',
  'JWT_PREVIOUS_SECRET_KEYS',
  'REFRESH_SECRET_KEY',
  'SERVICE_KEYS',
  'SMTP_URL',
  'REDIS_URL',
] as const)

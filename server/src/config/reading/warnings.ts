import { isLoopbackHost } from '../../text/ip-address.ts'
import type { SettingValues } from '../settings/settings.ts'

const HOUR_SECONDS = 3600
const DAY_SECONDS = 86_400

/** Each check returns a sentence about a setting that production allows and that is unwise, with what to do, or null. */
export const UNWISE_SETTINGS: Readonly<Record<string, (values: SettingValues) => string | null>> = {
  'rate-limit-off': ({ rateLimit }) =>
    rateLimit ? null : 'RATE_LIMIT=off lets passwords be guessed without end; remove it.',
  'https-not-required': ({ requireHttps }) =>
    requireHttps ? null : 'REQUIRE_HTTPS=off lets passwords and tokens travel in clear text; remove it.',
  'hsts-off': ({ hsts }) =>
    hsts === 'off' ? 'HSTS=off lets a browser be led to plain HTTP; set HSTS=host or HSTS=subdomains.' : null,
  'access-lifetime': ({ accessTokenLifetimeSeconds: seconds }) =>
    seconds > HOUR_SECONDS
      ? `JWT_ACCESS_TOKEN_EXPIRATION=${seconds} keeps tokens good at other services for that long after a logout; use 3600 or less.`
      : null,
  'session-age': ({ sessionMaxAgeSeconds: seconds }) =>
    seconds > 90 * DAY_SECONDS
      ? `SESSION_MAX_AGE=${seconds} keeps a stolen session good for more than 90 days; use 7776000 or less.`
      : null,
  'key-notice': ({ algorithm, keyNoticeSeconds: seconds, signingKeyFiles }) =>
    algorithm !== 'HS256' && signingKeyFiles.length === 0 && seconds < HOUR_SECONDS
      ? `KEY_NOTICE=${seconds} lets a key sign before verifiers that cache for longer have read it; use 86400.`
      : null,
  'replay-window': ({ replayWindowSeconds: seconds }) =>
    seconds > 120 ? `REFRESH_REPLAY_WINDOW=${seconds} hides a thief for that long; use 120 or less.` : null,
  'cors-plain-http': ({ corsOrigins }) => {
    const plain = corsOrigins.find((origin) => origin.startsWith('http:') && !isLoopbackUrl(origin))
    return plain ? `CORS_ORIGINS has ${plain}, whose pages anyone on the way can change; list its https origin.` : null
  },
  'public-url-plain-http': ({ publicUrl }) =>
    publicUrl?.startsWith('http:') && !isLoopbackUrl(publicUrl)
      ? 'PUBLIC_URL is plain HTTP, and mails send users there; use https.'
      : null,
  'exposed-link': ({ passwordResetUrl, emailVerificationUrl, emailConfirmationUrl, emailUndoUrl, notMeUrl }) => {
    const pages = {
      PASSWORD_RESET_URL: passwordResetUrl,
      EMAIL_VERIFICATION_URL: emailVerificationUrl,
      EMAIL_CONFIRMATION_URL: emailConfirmationUrl,
      EMAIL_UNDO_URL: emailUndoUrl,
      NOT_ME_URL: notMeUrl,
    }
    const exposed = Object.entries(pages).find(([, url]) => url !== null && !/#.*\{token\}/.test(url))
    return exposed
      ? `${exposed[0]} has {token} before the #, where logs and other sites see it; put it behind the #.`
      : null
  },
  'demo-from': ({ demoFrom }) =>
    demoFrom.includes('127.0.0.1') && !demoFrom.includes('192.0.2.1')
      ? null
      : 'DEMO_FROM has no effect in production, where demo users never sign in; remove it.',
  'wide-proxies': ({ trustedProxies }) =>
    trustedProxies.widestBits.ipv4 < 16 || trustedProxies.widestBits.ipv6 < 48
      ? 'TRUSTED_PROXIES has a very large range, in which every host can give any client address; list your proxies.'
      : null,
  'smtp-clear-text': ({ smtpUrl }) =>
    smtpUrl?.startsWith('smtp:') && !isLoopbackUrl(smtpUrl) && new URL(smtpUrl).username === ''
      ? 'SMTP_URL may send mails in clear text to another host; use smtps:// or a user name, which requires TLS.'
      : null,
  'redis-clear-text': ({ redisUrl }) =>
    redisUrl?.startsWith('redis:') && !isLoopbackUrl(redisUrl)
      ? 'REDIS_URL goes to another host in clear text; use rediss://.'
      : null,
  'database-clear-text': ({ database }) =>
    database.kind === 'postgres' && !isLoopbackDatabase(database.url) && !/[?&]sslmode=verify-full/.test(database.url)
      ? 'DATABASE_URL goes to another host without verified TLS; add ?sslmode=verify-full&sslrootcert=FILE.'
      : null,
  'bcrypt-cheap': ({ passwordAlgorithm, bcryptCost }) =>
    passwordAlgorithm === 'bcrypt' && bcryptCost < 10
      ? `BCRYPT_COST=${bcryptCost} makes stolen digests cheap to guess; use 10 or more.`
      : null,
  'bcrypt-slow': ({ passwordAlgorithm, bcryptCost }) =>
    passwordAlgorithm === 'bcrypt' && bcryptCost > 13
      ? `BCRYPT_COST=${bcryptCost} takes a second or more for each login; use 13 or less.`
      : null,
}

/** The unwise settings of a production server, all in one list; of a development server, those that production refuses. */
export function findUnwiseSettings(values: SettingValues): string[] {
  if (values.nodeEnv !== 'production') {
    return values.algorithm === 'HS256' || values.audience.length > 0
      ? []
      : ['JWT_AUDIENCE is not set, so a token for one service opens every other; production would refuse it.']
  }
  return Object.values(UNWISE_SETTINGS)
    .map((check) => check(values))
    .filter((sentence) => sentence !== null)
}

function isLoopbackUrl(url: string): boolean {
  return isLoopbackHost(new URL(url).hostname)
}

/** The option `host` of a PostgreSQL URL wins over its host; a path is the folder of a socket. */
function isLoopbackDatabase(url: string): boolean {
  const { hostname, searchParams } = new URL(url)
  const host = searchParams.get('host') ?? hostname
  return host === '' || host.startsWith('/') || isLoopbackHost(host)
}

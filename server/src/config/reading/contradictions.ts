import type { SettingValues } from '../settings/settings.ts'

/** Checks that each return a sentence about settings that contradict each other, or null. */
const CHECKS: readonly ((values: SettingValues) => string | null)[] = [
  ({ nodeEnv, pairIssuance }) =>
    nodeEnv === 'production' && pairIssuance === 'demo'
      ? 'PAIR_ISSUANCE=demo gives tokens to every client that knows a GUID and is refused in production; use service or off.'
      : null,
  ({ trustedProxies }) =>
    trustedProxies.includesEverything
      ? 'TRUSTED_PROXIES must not cover every address: clients could spoof theirs. List your proxies only.'
      : null,
  ({ tlsCertFile, tlsKeyFile }) =>
    (tlsCertFile === null) !== (tlsKeyFile === null)
      ? 'TLS_CERT_FILE and TLS_KEY_FILE belong together; set both, or neither.'
      : null,
  ({ smtpUrl, mailFrom }) =>
    smtpUrl !== null && mailFrom === null
      ? 'SMTP_URL is set without MAIL_FROM; set MAIL_FROM to a sender such as "Acme <no-reply@acme.example>".'
      : null,
  ({ nodeEnv, smtpUrl, publicUrl }) =>
    nodeEnv === 'production' && smtpUrl !== null && publicUrl === null
      ? 'SMTP_URL is set without PUBLIC_URL; mails have links: set PUBLIC_URL to the address where browsers reach this server.'
      : null,
  ({ nodeEnv, smtpUrl, ...values }) => {
    const needsMail = values.requireVerifiedEmail || values.hideAccountExistence || values.emailLogin
    return nodeEnv === 'production' && smtpUrl === null && needsMail
      ? `${needingMail(values)}=on locks users out unless mails are sent; set SMTP_URL, MAIL_FROM and PUBLIC_URL.`
      : null
  },
  ({ emailLogin, emailSignUp }) =>
    emailSignUp && !emailLogin ? 'EMAIL_SIGN_UP=on has no effect without EMAIL_LOGIN=on; set both, or neither.' : null,
  ({ processes, database }) =>
    processes > 1 && database.kind === 'sqlite'
      ? `WEB_CONCURRENCY=${processes} needs PostgreSQL, because a SQLite file is for one process; set DATABASE_URL, or WEB_CONCURRENCY=1.`
      : null,
]

function needingMail(values: Pick<SettingValues, 'requireVerifiedEmail' | 'hideAccountExistence'>): string {
  if (values.requireVerifiedEmail) return 'REQUIRE_VERIFIED_EMAIL'
  return values.hideAccountExistence ? 'HIDE_ACCOUNT_EXISTENCE' : 'EMAIL_LOGIN'
}

/** Checks that each return a sentence about settings of a server whose tokens are signed with a key pair, or null. */
const PUBLIC_KEY_CHECKS: readonly ((values: SettingValues, isServedInProduction: boolean) => string | null)[] = [
  ({ issuer, publicUrl }) =>
    issuer !== null && publicUrl !== null && issuer !== publicUrl
      ? 'JWT_ISSUER must equal PUBLIC_URL, where verifiers find the keys; leave JWT_ISSUER out.'
      : null,
  ({ publicUrl }) =>
    publicUrl !== null && /[?#]|\/$/.test(publicUrl)
      ? 'PUBLIC_URL must have no slash at its end, no ? and no #, because tokens name it as their issuer.'
      : null,
  ({ keyRotationSeconds, keyNoticeSeconds }) =>
    keyRotationSeconds !== null && keyRotationSeconds < keyNoticeSeconds
      ? `KEY_ROTATION=${keyRotationSeconds} is shorter than KEY_NOTICE=${keyNoticeSeconds}; a key is published for its whole period before it signs.`
      : null,
  // Services that verify with the secret of today would otherwise be able to make refresh tokens, and to open the keys.
  ({ refreshSecretKey }, isServedInProduction) =>
    isServedInProduction && refreshSecretKey === null
      ? 'REFRESH_SECRET_KEY must be set in production, because it seals the signing keys; generate one with: openssl rand -hex 64'
      : null,
  ({ publicUrl }, isServedInProduction) =>
    isServedInProduction && publicUrl === null
      ? 'PUBLIC_URL must be set in production: tokens name it as their issuer, and verifiers find the keys there.'
      : null,
  ({ audience }, isServedInProduction) =>
    isServedInProduction && audience.length === 0
      ? 'JWT_AUDIENCE must be set in production, so that a token for one service does not open another.'
      : null,
]

/**
 * Returns the first contradiction among the settings, or null.
 *
 * @param serves whether a server will run with them
 */
export function findContradiction(values: SettingValues, serves: boolean): string | null {
  for (const check of CHECKS) {
    const contradiction = check(values)
    if (contradiction !== null) return contradiction
  }
  if (values.algorithm === 'HS256') return null
  for (const check of PUBLIC_KEY_CHECKS) {
    const contradiction = check(values, serves && values.nodeEnv === 'production')
    if (contradiction !== null) return `JWT_ALGORITHM=${values.algorithm}: ${contradiction}`
  }
  return null
}

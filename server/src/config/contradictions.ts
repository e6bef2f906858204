import type { SettingValues } from './settings.ts'

/** Checks that each return a sentence about settings that contradict each other, or null. */
const CHECKS: readonly ((values: SettingValues) => string | null)[] = [
  ({ serviceKeys }) =>
    serviceKeys.some((key) => !/^[\w.~+/-]+=*$/.test(key))
      ? 'SERVICE_KEYS has a key with characters that no Authorization: Bearer header can carry; generate each with: openssl rand -hex 32'
      : null,
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
  ({ processes, database }) =>
    processes > 1 && database.kind === 'sqlite'
      ? `WEB_CONCURRENCY=${processes} needs PostgreSQL, because a SQLite file is for one process; set DATABASE_URL, or WEB_CONCURRENCY=1.`
      : null,
]

function needingMail(values: Pick<SettingValues, 'requireVerifiedEmail' | 'hideAccountExistence'>): string {
  if (values.requireVerifiedEmail) return 'REQUIRE_VERIFIED_EMAIL'
  return values.hideAccountExistence ? 'HIDE_ACCOUNT_EXISTENCE' : 'EMAIL_LOGIN'
}

/** Returns the first contradiction among the settings, or null. */
export function findContradiction(values: SettingValues): string | null {
  for (const check of CHECKS) {
    const contradiction = check(values)
    if (contradiction !== null) return contradiction
  }
  return null
}

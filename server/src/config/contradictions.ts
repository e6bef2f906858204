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
  ({ processes, database }) =>
    processes > 1 && database.kind === 'sqlite'
      ? `WEB_CONCURRENCY=${processes} needs PostgreSQL, because a SQLite file is for one process; set DATABASE_URL, or WEB_CONCURRENCY=1.`
      : null,
]

/** Returns the first contradiction among the settings, or null. */
export function findContradiction(values: SettingValues): string | null {
  for (const check of CHECKS) {
    const contradiction = check(values)
    if (contradiction !== null) return contradiction
  }
  return null
}

import type { SettingValues } from '../settings/settings.ts'

/** Checks that each return a sentence about settings that contradict each other, or null. */
const CHECKS: Readonly<Record<string, (values: SettingValues) => string | null>> = {
  'demo-pairs': ({ nodeEnv, pairIssuance }) =>
    nodeEnv === 'production' && pairIssuance === 'demo'
      ? 'PAIR_ISSUANCE=demo gives tokens to every client that knows a GUID and is refused in production; use service or off.'
      : null,
  'proxies-everyone': ({ trustedProxies }) =>
    trustedProxies.includesEverything
      ? 'TRUSTED_PROXIES must not cover every address: clients could spoof theirs. List your proxies only.'
      : null,
  'half-certificate': ({ tlsCertFile, tlsKeyFile }) =>
    (tlsCertFile === null) !== (tlsKeyFile === null)
      ? 'TLS_CERT_FILE and TLS_KEY_FILE belong together; set both, or neither.'
      : null,
  'mail-without-sender': ({ smtpUrl, mailFrom }) =>
    smtpUrl !== null && mailFrom === null
      ? 'SMTP_URL is set without MAIL_FROM; set MAIL_FROM to a sender such as "Acme <no-reply@acme.example>".'
      : null,
  'mail-without-public-url': ({ nodeEnv, smtpUrl, publicUrl }) =>
    nodeEnv === 'production' && smtpUrl !== null && publicUrl === null
      ? 'SMTP_URL is set without PUBLIC_URL; mails have links: set PUBLIC_URL to the address where browsers reach this server.'
      : null,
  'mail-needed': ({ nodeEnv, smtpUrl, ...values }) => {
    const needsMail = values.requireVerifiedEmail || values.hideAccountExistence || values.emailLogin
    return nodeEnv === 'production' && smtpUrl === null && needsMail
      ? `${needingMail(values)}=on locks users out unless mails are sent; set SMTP_URL, MAIL_FROM and PUBLIC_URL.`
      : null
  },
  'sign-up-without-login': ({ emailLogin, emailSignUp }) =>
    emailSignUp && !emailLogin ? 'EMAIL_SIGN_UP=on has no effect without EMAIL_LOGIN=on; set both, or neither.' : null,
  'processes-on-sqlite': ({ processes, database }) =>
    processes > 1 && database.kind === 'sqlite'
      ? `WEB_CONCURRENCY=${processes} needs PostgreSQL, because a SQLite file is for one process; set DATABASE_URL, or WEB_CONCURRENCY=1.`
      : null,
}

function needingMail(values: Pick<SettingValues, 'requireVerifiedEmail' | 'hideAccountExistence'>): string {
  if (values.requireVerifiedEmail) return 'REQUIRE_VERIFIED_EMAIL'
  return values.hideAccountExistence ? 'HIDE_ACCOUNT_EXISTENCE' : 'EMAIL_LOGIN'
}

/** Checks that each return a sentence about settings of a server whose tokens are signed with a key pair, or null. */
const PUBLIC_KEY_CHECKS: Readonly<
  Record<string, (values: SettingValues, isServedInProduction: boolean) => string | null>
> = {
  'issuer-differs': ({ issuer, publicUrl }) =>
    issuer !== null && publicUrl !== null && issuer !== publicUrl
      ? 'JWT_ISSUER must equal PUBLIC_URL, where verifiers find the keys; leave JWT_ISSUER out.'
      : null,
  'issuer-form': ({ publicUrl }) =>
    publicUrl !== null && /[?#]|\/$/.test(publicUrl)
      ? 'PUBLIC_URL must have no slash at its end, no ? and no #, because tokens name it as their issuer.'
      : null,
  'rotation-shorter-than-notice': ({ keyRotationSeconds, keyNoticeSeconds }) =>
    keyRotationSeconds !== null && keyRotationSeconds < keyNoticeSeconds
      ? `KEY_ROTATION=${keyRotationSeconds} is shorter than KEY_NOTICE=${keyNoticeSeconds}; a key is published for its whole period before it signs.`
      : null,
  // Services that verify with the secret of today would otherwise be able to make refresh tokens, and to open the keys.
  'sealing-key': ({ refreshSecretKey }, isServedInProduction) =>
    isServedInProduction && refreshSecretKey === null
      ? 'REFRESH_SECRET_KEY must be set in production, because it seals the signing keys; generate one with: openssl rand -hex 64'
      : null,
  'issuer-missing': ({ publicUrl }, isServedInProduction) =>
    isServedInProduction && publicUrl === null
      ? 'PUBLIC_URL must be set in production: tokens name it as their issuer, and verifiers find the keys there.'
      : null,
  'audience-missing': ({ audience }, isServedInProduction) =>
    isServedInProduction && audience.length === 0
      ? 'JWT_AUDIENCE must be set in production, so that a token for one service does not open another.'
      : null,
}

/** Settings that contradict each other, under the name of the check that found them. */
export interface Contradiction {
  name: string
  sentence: string
}

/** The names of the checks. */
export const CONTRADICTIONS: readonly string[] = [...Object.keys(CHECKS), ...Object.keys(PUBLIC_KEY_CHECKS)]

/**
 * Returns the first contradiction among the settings, or null.
 *
 * @param serves whether a server will run with them
 */
export function findContradiction(values: SettingValues, serves: boolean): string | null {
  return findContradictions(values, serves)[0]?.sentence ?? null
}

/** Returns all contradictions among the settings. */
export function findContradictions(values: SettingValues, serves: boolean): Contradiction[] {
  const general = Object.entries(CHECKS).map(([name, check]) => ({ name, sentence: check(values) }))
  const isServedInProduction = serves && values.nodeEnv === 'production'
  const ofKeyPairs =
    values.algorithm === 'HS256'
      ? []
      : Object.entries(PUBLIC_KEY_CHECKS).map(([name, check]) => {
          const sentence = check(values, isServedInProduction)
          return { name, sentence: sentence && `JWT_ALGORITHM=${values.algorithm}: ${sentence}` }
        })
  return [...general, ...ofKeyPairs].flatMap(({ name, sentence }) => (sentence === null ? [] : [{ name, sentence }]))
}

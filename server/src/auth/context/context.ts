import type { Passwords } from '../../crypto/hashing/passwords.ts'
import type { RefreshTokenDigests } from '../../crypto/hashing/refresh-token-digests.ts'
import type { AddressDigests, RefreshKey } from '../../crypto/keys/keys.ts'
import type { AccessTokens, PublicKeys } from '../../crypto/tokens/access-token.ts'
import type { Log } from '../../observe/log.ts'
import type { CounterLabels } from '../../observe/metric-definitions.ts'
import type { Metrics } from '../../observe/metrics.ts'
import type { Database } from '../../storage/database/database.ts'
import type { AuditRetention } from '../../storage/notice/audit-retention.ts'
import type { Rotation } from '../../storage/session/sessions.ts'

/** The dependencies of the rules; each function declares the fields it uses with `Pick`. */
export interface Context {
  db: Database
  tokens: Tokens
  /** Digests of the addresses that users give up, for the audit. */
  addresses: AddressDigests
  passwords: Passwords
  settings: Settings
  /** The database's clock; read once per operation. */
  now: () => Date
  /** Returns cryptographically secure random bytes. */
  random: (bytes: number) => Buffer
  log: Log
  /** Counts what came of operations. */
  metrics: Metrics
  /** Tells what came of a request, for its line in the log and its counters. Outside a request, it does nothing. */
  note: (noted: Noted) => void
}

/** Facts that the rules found out about a request. */
export interface Noted {
  userId?: number
  sessionId?: string
  outcome?: CounterLabels<'tessera_refreshes_total' | 'tessera_logins_total'>['outcome']
}

export interface Tokens {
  access: AccessTokens
  publicKeys: Pick<PublicKeys, 'published'>
  refreshKeys: readonly [RefreshKey, ...RefreshKey[]]
  digests: RefreshTokenDigests
}

export interface Settings {
  accessTokenLifetimeSeconds: number
  refreshTokenLifetimeSeconds: number
  sessionMaxAgeSeconds: number
  replayWindowSeconds: number
  /** The rotation of new `login` sessions; pairs are always strict. */
  rotation: Rotation
  /** The most active sessions that a user may have of each kind; 0 for any number. */
  sessionsPerUser: number
  passwordMaxBytes: number
  /** Whether common and leaked passwords, and those made of the user's own data, are refused. */
  refuseGuessablePasswords: boolean
  /** The names of the service, which users choose passwords after. */
  productWords: readonly string[]
  /** Whether a mail server takes the mails; else they wait in the outbox, and their links are good at once. */
  sendsMails: boolean
  /** Whether mails that are asked for have limits: `RATE_LIMIT`. */
  limitsMails: boolean
  requireVerifiedEmail: boolean
  /** Whether a login by mail signs up an address without an account. */
  emailSignUp: boolean
  hideAccountExistence: boolean
  loginAlerts: boolean
  /** The roles that a user may be given. */
  roles: readonly string[]
  /** Whether users whose passwords are public may sign in at all. */
  allowDemoUsers: boolean
  auditRetention: AuditRetention
}

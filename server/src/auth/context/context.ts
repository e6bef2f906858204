import type { AccessTokens } from '../../crypto/access-token.ts'
import type { RefreshKey } from '../../crypto/keys.ts'
import type { Passwords } from '../../crypto/passwords.ts'
import type { RefreshTokenDigests } from '../../crypto/refresh-token-digests.ts'
import type { Log } from '../../observe/log.ts'
import type { Database } from '../../storage/database/database.ts'
import type { Rotation } from '../../storage/session/sessions.ts'

/** What the rules need of the world; each function declares the fields it uses with `Pick`. */
export interface Context {
  db: Database
  tokens: Tokens
  passwords: Passwords
  settings: Settings
  /** The database's idea of the time; read once per operation. */
  now: () => Date
  /** Bytes from a cryptographic source. */
  random: (bytes: number) => Buffer
  log: Log
}

export interface Tokens {
  access: AccessTokens
  refreshKeys: readonly [RefreshKey, ...RefreshKey[]]
  digests: RefreshTokenDigests
}

export interface Settings {
  accessTokenLifetimeSeconds: number
  refreshTokenLifetimeSeconds: number
  sessionMaxAgeSeconds: number
  replayWindowSeconds: number
  /** Of `login` sessions that begin from now on; pairs are always strict. */
  rotation: Rotation
  passwordMaxBytes: number | null
  refuseCommonPasswords: boolean
  /** Whether somebody at this address may be a demo user. */
  isDemoAddress: (ip: string) => boolean
}

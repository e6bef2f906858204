import { createHmac, randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import type { Context } from '../auth/context/context.ts'
import type { Config } from '../config/reading/config.ts'
import { developmentSecret, findDevelopmentSecret } from '../config/source/development-secret.ts'
import { type HashObserver, HashPool, hashingThreads } from '../crypto/hashing/hash-pool.ts'
import { createPasswords } from '../crypto/hashing/passwords.ts'
import { createRefreshTokenDigests } from '../crypto/hashing/refresh-token-digests.ts'
import { type AddressDigests, buildKeys, createAddressDigests, type Keys } from '../crypto/keys/keys.ts'
import { createAccessTokens, type PublicKeys } from '../crypto/tokens/access-token.ts'
import type { Log } from '../observe/log.ts'
import type { Metrics } from '../observe/metrics.ts'
import type { Database } from '../storage/database/database.ts'
import { ruleSettings } from './rule-settings.ts'

interface ContextParts {
  db: Database
  log: Log
  metrics: Metrics
  now: () => Date
  keys: Keys
  publicKeys: PublicKeys
  /** Returns the claim `iss`; null for none. */
  issuer: () => string | null
}

/** The jobs of each pool that may wait. */
const MAX_WAITING = { password: 64, token: 256 } as const

type Lane = keyof typeof MAX_WAITING
type HashQueues = () => Record<Lane, { waiting: number; limit: number }>

function observeHashes(metrics: Metrics, lane: Lane): HashObserver {
  return {
    waited: (seconds) => metrics.observe('tessera_hash_wait_seconds', seconds, { lane }),
    took: (seconds, algorithm) => metrics.observe('tessera_hash_duration_seconds', seconds, { lane, algorithm }),
    refused: () => metrics.count('tessera_hash_refused_total', { lane }),
  }
}

/** Counts nothing for each key of the settings: only a counter that is there can show that a key is not used. */
function beginKeyUses(metrics: Metrics, { refresh, signing }: Keys): void {
  const begin = (purpose: 'refresh' | 'access', position: number) =>
    metrics.count('tessera_key_uses_total', { purpose, position: `${position}` }, 0)
  for (const position of refresh.keys()) begin('refresh', position)
  for (const position of signing.login.keys()) begin('access', position)
}

/** Builds the context of the rules: keys, tokens and hashing. */
export function buildContext(
  config: Config,
  { db, log, metrics, now, keys, publicKeys, issuer }: ContextParts,
): {
  ctx: Context
  checkHashing(): Promise<void>
  refuseWaitingPasswords(): void
  hashQueues: HashQueues
  closePools(): Promise<void>
} {
  beginKeyUses(metrics, keys)
  // Passwords and token digests never wait for each other, nor the event loop for either.
  const threads = hashingThreads()
  const passwordPool = new HashPool(
    { threads, atOnce: 1, niceness: 15, maxWaiting: MAX_WAITING.password },
    observeHashes(metrics, 'password'),
  )
  const tokenPool = new HashPool(
    { threads: Math.min(4, threads), atOnce: 4, niceness: 10, maxWaiting: MAX_WAITING.token },
    observeHashes(metrics, 'token'),
  )
  const ctx = {
    db,
    tokens: {
      access: createAccessTokens(
        keys,
        { lifetimeSeconds: config.accessTokenLifetimeSeconds, issuer, audience: config.audience },
        publicKeys,
      ),
      publicKeys,
      refreshKeys: keys.refresh,
      digests: createRefreshTokenDigests(tokenPool),
    },
    addresses: addressDigests(config),
    passwords: createPasswords(passwordPool, config.passwordHash, decoyPicker(keys)),
    settings: ruleSettings(config),
    now,
    random: randomBytes,
    log,
    metrics,
    note: () => {},
  }
  return {
    ctx,
    checkHashing: () => passwordPool.check(),
    refuseWaitingPasswords: () => passwordPool.refuseWaiting(),
    hashQueues: () => ({
      password: { waiting: passwordPool.waiting, limit: MAX_WAITING.password },
      token: { waiting: tokenPool.waiting, limit: MAX_WAITING.token },
    }),
    async closePools() {
      await Promise.all([passwordPool.close(), tokenPool.close()])
    },
  }
}

/** A number for each account that clients cannot compute. */
function decoyPicker({ refresh: [key] }: Keys): (account: string) => number {
  return (account) => createHmac('sha256', key.mac).update(`tessera/decoy/v1 ${account}`).digest().readUInt32BE()
}

/** Builds the key ring from the settings; a development server generates its secret. */
export function readKeys({ secrets }: Pick<Config, 'secrets'>): Keys {
  return buildKeys({
    jwt: secrets.jwtSecretKey ?? developmentSecret(dataFolder(secrets.database)),
    previousJwt: secrets.previousSecretKeys,
    refresh: secrets.refreshSecretKey,
    previousRefresh: secrets.previousRefreshSecretKeys,
  })
}

/**
 * Builds the digests of addresses, with the same keys for a server and for commands beside it. Secrets that services may
 * hold come last. A command may have no key, and generates none.
 */
export function addressDigests({ production, secrets }: Config): AddressDigests {
  const { jwtSecretKey, refreshSecretKey, previousRefreshSecretKeys, previousSecretKeys } = secrets
  const jwt = jwtSecretKey ?? (production ? null : findDevelopmentSecret(dataFolder(secrets.database)))
  const roots = refreshSecretKey === null ? [jwt] : [refreshSecretKey]
  const all = [...roots, ...previousRefreshSecretKeys, jwt, ...previousSecretKeys]
  const withRoot = roots.includes(null) ? [] : all
  return createAddressDigests(withRoot.filter((secret) => secret !== null))
}

/** The folder of the SQLite file; with PostgreSQL, the folder where that file would be by default. */
function dataFolder(database: Config['secrets']['database']): string {
  return database.kind === 'sqlite' ? dirname(database.file) : 'data'
}

import { randomBytes } from 'node:crypto'
import { type Config, readConfig } from '../../config/reading/config.ts'
import { SETTINGS } from '../../config/settings/settings.ts'
import { ConfigError } from '../../config/source/config-error.ts'

/** The groups whose settings change what clients see. All others are those of a deployment. */
const ADJUSTABLE_GROUPS: ReadonlySet<string> = new Set(['tokens', 'accounts', 'browsers', 'mail'])
const ADJUSTABLE: ReadonlySet<string> = new Set(
  Object.values<{ name: string; group: string; secret: boolean }>(SETTINGS)
    .filter(({ name, group, secret }) => name === 'JWT_ALGORITHM' || (ADJUSTABLE_GROUPS.has(group) && !secret))
    .map(({ name }) => name),
)

export interface TestServerPlace {
  host: string
  port: number
}

/**
 * Returns the settings of a test server: a database of its own, secrets of its own, cheap hashes, no limits, and
 * no mail server.
 *
 * @param file the file of its database
 * @param adminKey is also the key of a service that may issue pairs
 * @param changes settings by their names
 * @throws {ConfigError} for a setting that tests cannot change
 */
export function testSettings(
  { host, port }: TestServerPlace,
  { file, adminKey, changes }: { file: string; adminKey: string; changes: Readonly<Record<string, string>> },
): Config {
  const name = Object.keys(changes).find((changed) => !ADJUSTABLE.has(changed))
  if (name !== undefined)
    throw new ConfigError(`${name} cannot be set in test mode; it takes ${[...ADJUSTABLE].sort().join(', ')}.`)
  const config = readConfig({
    NODE_ENV: 'test',
    HOST: host,
    PORT: String(port),
    PASSWORD_HASH: 'bcrypt',
    BCRYPT_COST: '4',
    RATE_LIMIT: 'off',
    PAIR_ISSUANCE: 'service',
    SERVICE_KEYS: adminKey,
    JWT_SECRET_KEY: randomBytes(64).toString('hex'),
    ...changes,
  })
  return { ...config, secrets: { ...config.secrets, database: { kind: 'sqlite', file, isTemporary: true } } }
}

import type { DatabaseSetting } from '../settings/database-settings.ts'
import type { ServiceKey } from '../settings/service-keys.ts'
import type { Setting } from '../settings/setting.ts'
import { SETTINGS, type SettingKey, type SettingValues } from '../settings/settings.ts'
import { ConfigError } from '../source/config-error.ts'
import { findContradiction } from './contradictions.ts'
import { type Environment, readText } from './environment.ts'
import { findOpenFiles } from './file-permissions.ts'
import { checkSecrets } from './secret-strength.ts'
import { findUnknownSetting } from './unknown-setting.ts'
import { findUnwiseSettings } from './warnings.ts'

/** Settings that only the code that uses them may see. */
export interface Secrets {
  database: DatabaseSetting
  /** Null: development generates one. */
  jwtSecretKey: string | null
  previousSecretKeys: readonly string[]
  /** Null: derived from the JWT secret. */
  refreshSecretKey: string | null
  previousRefreshSecretKeys: readonly string[]
  serviceKeys: readonly ServiceKey[]
  smtpUrl: string | null
  redisUrl: string | null
}

export type PasswordHash = { algorithm: 'bcrypt'; cost: number } | { algorithm: 'argon2id' }

/** Settings that {@link Config} has in another form. */
type CombinedKey = 'nodeEnv' | 'passwordAlgorithm' | 'bcryptCost' | 'tlsCertFile' | 'tlsKeyFile'

/** All settings under their keys in `SETTINGS`, with secrets set apart and related settings combined into one value. */
export interface Config extends Omit<SettingValues, keyof Secrets | CombinedKey> {
  production: boolean
  passwordHash: PasswordHash
  /** PEM files for HTTPS without a proxy; read again when they change. */
  tlsFiles: { certFile: string; keyFile: string } | null
  /** Whether a setting names a way to read metrics: `METRICS_PORT`, or a service key of that scope. */
  readsMetrics: boolean
  secrets: Secrets
  /** Sentences about settings that are allowed but unwise; logged at the start. */
  warnings: readonly string[]
}

/**
 * @param options.serves whether a server will run with it: a command needs no secret that it does not use
 * @throws {ConfigError} for unknown names, values that cannot be read, and contradictions
 */
export function readConfig(environment: Environment, { serves } = { serves: true }): Config {
  refuseUnknownNames(environment)
  const values = readValues(environment)
  const warnings = [
    ...checkSecrets(values, serves),
    ...findUnwiseSettings(values),
    ...findOpenFiles(environment, values),
  ]
  const contradiction = findContradiction(values, serves)
  if (contradiction !== null) throw new ConfigError(contradiction)
  return combineValues(values, warnings)
}

/** Sets secrets apart, and combines related settings. */
export function combineValues(values: SettingValues, warnings: readonly string[]): Config {
  const { nodeEnv, passwordAlgorithm, bcryptCost, tlsCertFile, tlsKeyFile, ...rest } = values
  const { database, jwtSecretKey, previousSecretKeys, refreshSecretKey, previousRefreshSecretKeys, ...others } = rest
  const { serviceKeys, smtpUrl, redisUrl, ...plain } = others
  return {
    ...plain,
    production: nodeEnv === 'production',
    pairIssuance: plain.pairIssuance === 'service' && serviceKeys.length === 0 ? 'off' : plain.pairIssuance,
    passwordHash:
      passwordAlgorithm === 'bcrypt'
        ? { algorithm: passwordAlgorithm, cost: bcryptCost }
        : { algorithm: passwordAlgorithm },
    tlsFiles: tlsCertFile !== null && tlsKeyFile !== null ? { certFile: tlsCertFile, keyFile: tlsKeyFile } : null,
    readsMetrics: plain.metricsPort !== null || serviceKeys.some(({ scopes }) => scopes.includes('metrics')),
    secrets: {
      database,
      jwtSecretKey,
      previousSecretKeys,
      refreshSecretKey,
      previousRefreshSecretKeys,
      serviceKeys,
      smtpUrl,
      redisUrl,
    },
    warnings,
  }
}

function readValues(environment: Environment): SettingValues {
  const production = readSetting(environment, SETTINGS.nodeEnv, false) === 'production'
  const entries = Object.entries(SETTINGS).map(([key, setting]: [string, Setting<unknown>]) => [
    key,
    readSetting(environment, setting, production),
  ])
  return Object.fromEntries(entries) as Record<SettingKey, unknown> as SettingValues
}

/** Reads one setting, or its default. @throws {ConfigError} */
export function readSetting<Value>(environment: Environment, setting: Setting<Value>, production: boolean): Value {
  const byDefault = setting.default
  const defaultText =
    typeof byDefault === 'object' && byDefault !== null
      ? byDefault[production ? 'production' : 'development']
      : byDefault
  return setting.read(readText(environment, setting) ?? defaultText, setting.name)
}

/** @throws {ConfigError} for a name like those of settings that none has */
export function refuseUnknownNames(environment: Environment): void {
  const found = findUnknownSetting(environment)
  if (!found) return
  const hint = found.suggestion ? `did you mean ${found.suggestion}?` : 'docs/configuration.md lists their names.'
  throw new ConfigError(
    `${found.name} is not a setting; ${hint} If another program needs it, keep it out of the environment of Tessera.`,
  )
}

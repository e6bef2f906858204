import { ConfigError } from './config-error.ts'
import type { SettingValues } from './settings.ts'

const MIN_BYTES = 64
const GENERATE_ONE = 'generate one with: openssl rand -hex 64'
const MIN_DISTINCT_CHARACTERS = 10

/** Parts of secrets in documentation, from which operators may have copied them. */
const DOCUMENTED = ['your_secret_key_here_change_this_in_production', 'change_this', 'changeme', 'your_secret']

/**
 * Checks the secrets that tokens are signed and made with.
 *
 * @returns warnings; only production refuses a weak secret
 * @throws {ConfigError} in production, for a secret that is missing or weak
 */
export function checkSecrets(values: SettingValues, serves: boolean): string[] {
  const { jwtSecretKey, refreshSecretKey, previousSecretKeys } = values
  const production = values.nodeEnv === 'production'
  if (production && serves && jwtSecretKey === null)
    throw new ConfigError(`JWT_SECRET_KEY must be set in production; ${GENERATE_ONE}`)
  const secrets = [
    ['JWT_SECRET_KEY', jwtSecretKey],
    ['REFRESH_SECRET_KEY', refreshSecretKey],
    ...previousSecretKeys.map((secret) => ['JWT_PREVIOUS_SECRET_KEYS', secret] as const),
  ] as const
  const warnings: string[] = []
  for (const [name, secret] of secrets) {
    const weakness = secret === null ? null : findWeakness(secret)
    if (weakness === null) continue
    if (production) throw new ConfigError(`${name} ${weakness}; ${GENERATE_ONE}`)
    warnings.push(`${name} ${weakness}; production would refuse it.`)
  }
  return warnings
}

/** Returns the weakness of a signing secret, worded to follow its name in a sentence, or null. */
function findWeakness(secret: string): string | null {
  if (DOCUMENTED.some((documented) => secret.toLowerCase().includes(documented)))
    return 'is an example from documentation'
  if (Buffer.byteLength(secret) < MIN_BYTES) return `is shorter than ${MIN_BYTES} bytes`
  if (new Set(secret).size < MIN_DISTINCT_CHARACTERS || isRepetition(secret)) return 'repeats itself'
  if (/[,\s]/.test(secret)) return 'contains a comma or white space, so that JWT_PREVIOUS_SECRET_KEYS could not list it'
  return null
}

/** Whether the text is a shorter one repeated. */
function isRepetition(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length
}

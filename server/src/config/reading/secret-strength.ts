import type { SettingValues } from '../settings/settings.ts'
import { ConfigError, MissingSetting } from '../source/config-error.ts'

const MIN_KEY_BYTES = 64
const MIN_SERVICE_KEY_BYTES = 32
const MIN_DISTINCT_CHARACTERS = 10

/** Parts of secrets in documentation, from which operators may have copied them. */
const DOCUMENTED = ['your_secret_key_here_change_this_in_production', 'change_this', 'changeme', 'your_secret']

interface NamedSecret {
  name: string
  secret: string
  minBytes: number
}

/**
 * Checks the secrets that tokens are signed and made with, and the keys of services.
 *
 * @returns warnings; only production refuses a weak secret
 * @throws {ConfigError} in production, for a secret that is missing, weak, or used for two purposes
 */
export function checkSecrets(values: SettingValues, serves: boolean): string[] {
  const production = values.nodeEnv === 'production'
  if (production && serves && values.jwtSecretKey === null)
    throw new MissingSetting(`JWT_SECRET_KEY must be set in production; ${generate(MIN_KEY_BYTES)}.`)
  const warnings: string[] = []
  for (const { name, weakness, minBytes } of findWeakSecrets(values)) {
    if (production) throw new ConfigError(`${name} ${weakness}; ${generate(minBytes)}`)
    if (minBytes === MIN_KEY_BYTES) warnings.push(`${name} ${weakness}; production would refuse it.`)
  }
  return warnings
}

/** A secret that production refuses. The weakness follows its name in a sentence, and says nothing of its text. */
export interface WeakSecret {
  name: string
  weakness: string
  isUsedTwice: boolean
  minBytes: number
}

/** Returns the secrets that are weak, or used for two purposes. */
export function findWeakSecrets(values: SettingValues): WeakSecret[] {
  const secrets = listSecrets(values)
  return secrets.flatMap(({ name, secret, minBytes }, index) => {
    const ownWeakness = findWeakness(secret, minBytes)
    const weakness = ownWeakness ?? findTwin(name, secret, secrets.slice(0, index))
    return weakness === null ? [] : [{ name, weakness, isUsedTwice: ownWeakness === null, minBytes }]
  })
}

function listSecrets(values: SettingValues): NamedSecret[] {
  const keys = (name: string, secrets: readonly (string | null)[], minBytes = MIN_KEY_BYTES) =>
    secrets.flatMap((secret) => (secret === null ? [] : [{ name, secret, minBytes }]))
  return [
    ...keys('JWT_SECRET_KEY', [values.jwtSecretKey]),
    ...keys('REFRESH_SECRET_KEY', [values.refreshSecretKey]),
    ...keys('JWT_PREVIOUS_SECRET_KEYS', values.previousSecretKeys),
    ...keys('REFRESH_PREVIOUS_SECRET_KEYS', values.previousRefreshSecretKeys),
    ...keys(
      'SERVICE_KEYS',
      values.serviceKeys.map(({ key }) => key),
      MIN_SERVICE_KEY_BYTES,
    ),
  ]
}

/** Says how to make a key of so many bytes. */
export function generate(bytes: number): string {
  return `generate one with: openssl rand -hex ${bytes}`
}

/**
 * Returns the weakness of a secret, worded to follow its name in a sentence, or null. Generated keys stay well
 * clear of each limit; typed ones, sequences and repetitions do not.
 */
function findWeakness(secret: string, minBytes: number): string | null {
  if (DOCUMENTED.some((documented) => secret.toLowerCase().includes(documented)))
    return 'is an example from documentation'
  if (Buffer.byteLength(secret) < minBytes) return `is shorter than ${minBytes} bytes`
  if (new Set(secret).size < MIN_DISTINCT_CHARACTERS || isRepetition(secret)) return 'repeats itself'
  if (countDistinctPairs(secret) < Math.min(40, 0.6 * (secret.length - 1))) return 'repeats itself'
  if (isSequence(secret)) return 'is a sequence'
  if (/[,\s]/.test(secret)) return 'contains a comma or white space, so that a list of keys could not hold it'
  return null
}

/**
 * The earlier setting that has the same value: each purpose needs a key of its own. While keys change, the current JWT key
 * may be among the previous ones, and a refresh key may once have been the JWT key.
 */
function findTwin(name: string, secret: string, earlier: readonly NamedSecret[]): string | null {
  const twin = earlier.find((other) => other.secret === secret && other.name !== name && !mayShare(name, other.name))
  return twin ? `is the same as ${twin.name}` : null
}

function mayShare(one: string, other: string): boolean {
  const pair = [one, other].sort().join(' ')
  return (
    ['JWT_PREVIOUS_SECRET_KEYS JWT_SECRET_KEY', 'REFRESH_PREVIOUS_SECRET_KEYS REFRESH_SECRET_KEY'].includes(pair) ||
    pair === 'JWT_SECRET_KEY REFRESH_PREVIOUS_SECRET_KEYS' ||
    pair === 'JWT_PREVIOUS_SECRET_KEYS REFRESH_PREVIOUS_SECRET_KEYS'
  )
}

/** Whether the text is a shorter one repeated. */
function isRepetition(text: string): boolean {
  return (text + text).indexOf(text, 1) < text.length
}

function countDistinctPairs(text: string): number {
  return new Set(Array.from({ length: text.length - 1 }, (_, index) => text.slice(index, index + 2))).size
}

/** Whether most characters follow the one before them, as in `abcdef` or `987654`. */
function isSequence(text: string): boolean {
  let steps = 0
  for (let index = 1; index < text.length; index++) {
    const step = Math.abs(text.charCodeAt(index) - text.charCodeAt(index - 1))
    if (step <= 1) steps++
  }
  return steps > (text.length - 1) / 2
}

import { SETTINGS } from '../settings/settings.ts'
import type { Environment } from './environment.ts'

const NAMES: readonly string[] = Object.values(SETTINGS).map(({ name }) => name)
const SECRET_FILES = Object.values(SETTINGS).flatMap(({ name, secret }) => (secret ? [`${name}_FILE`] : []))
const KNOWN: ReadonlySet<string> = new Set([...NAMES, ...SECRET_FILES])

/** Prefixes that other programs use too: a name that begins with one need not be meant for Tessera. */
const SHARED_PREFIXES: ReadonlySet<string> = new Set([
  'API',
  'NODE',
  'PASSWORD',
  'WEB',
  'DATABASE',
  'LOG',
  'PUBLIC',
  'TLS',
  'REQUIRE',
  'COOKIE',
  'REDIS',
  'KEY',
  'KEYS',
  'SIGNING',
])
const OUR_PREFIXES: ReadonlySet<string> = new Set(
  NAMES.filter((name) => name.includes('_'))
    .map(prefix)
    .filter((start) => !SHARED_PREFIXES.has(start)),
)

/** The examples of docs/api.md keep a token in this variable, which readers may export. */
const EXAMPLE_TOKEN = 'REFRESH_TOKEN'

/** Names that other servers give to settings of Tessera. */
const FOREIGN_NAMES: Readonly<Record<string, string>> = {
  JWT_SECRET: 'JWT_SECRET_KEY',
  JWT_EXPIRES_IN: 'JWT_ACCESS_TOKEN_EXPIRATION',
  JWT_REFRESH_SECRET: 'REFRESH_SECRET_KEY',
  JWT_REFRESH_EXPIRES_IN: 'JWT_REFRESH_TOKEN_EXPIRATION',
  REFRESH_TOKEN_SECRET: 'REFRESH_SECRET_KEY',
  REFRESH_TOKEN_EXPIRES_IN: 'JWT_REFRESH_TOKEN_EXPIRATION',
  MAIL_HOST: 'SMTP_URL',
  SMTP_HOST: 'SMTP_URL',
  CORS_ORIGIN: 'CORS_ORIGINS',
}

const MAX_EDIT_DISTANCE = 2
/** Shorter names are too similar to those of other programs: HOME is two characters from HOST. */
const MIN_NAME_LENGTH = 8

/**
 * Finds a name in the environment that looks like a setting and is not one: it begins like one, or it is one or two
 * characters away from a setting that is not set. Ignoring it would silently leave the default in force.
 *
 * @returns the name and, if one is similar, the setting that was probably meant
 */
export function findUnknownSetting(environment: Environment): { name: string; suggestion: string | null } | null {
  for (const name of Object.keys(environment)) {
    if (KNOWN.has(name) || name === EXAMPLE_TOKEN || isSetByOrchestrator(name)) continue
    const similar =
      FOREIGN_NAMES[name] ??
      NAMES.find((setting) => setting.length >= MIN_NAME_LENGTH && editDistance(name, setting) <= MAX_EDIT_DISTANCE)
    if (name.includes('_') && OUR_PREFIXES.has(prefix(name))) return { name, suggestion: similar ?? null }
    if (similar && !environment[similar]) return { name, suggestion: similar }
  }
  return null
}

function prefix(name: string): string {
  return name.split('_', 1)[0] ?? ''
}

/** Whether a desktop or Kubernetes sets the variable. Kubernetes sets several for each service of a namespace. */
function isSetByOrchestrator(name: string): boolean {
  return name === 'SESSION_MANAGER' || /_SERVICE_(HOST|PORT)|_PORT(_\d+_(TCP|UDP))?(_|$)/.test(name)
}

/** Returns the Levenshtein distance: the number of characters that were left out, inserted or replaced. */
function editDistance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > MAX_EDIT_DISTANCE) return MAX_EDIT_DISTANCE + 1
  let row = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (const [index, character] of [...one].entries()) {
    const next = [index + 1]
    for (const [column, candidate] of [...other].entries()) {
      const replaced = (row[column] ?? 0) + (character === candidate ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

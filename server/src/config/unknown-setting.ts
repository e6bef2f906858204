import type { Environment } from './environment.ts'
import { SETTINGS } from './settings.ts'

const NAMES: readonly string[] = Object.values(SETTINGS).map(({ name }) => name)
const SECRET_FILES = Object.values(SETTINGS).flatMap(({ name, secret }) => (secret ? [`${name}_FILE`] : []))
const KNOWN: ReadonlySet<string> = new Set([...NAMES, ...SECRET_FILES])

/** Other programs have settings that begin so: their names say nothing about ours. */
const SHARED_PREFIXES: ReadonlySet<string> = new Set([
  'NODE',
  'WEB',
  'DATABASE',
  'LOG',
  'PUBLIC',
  'TLS',
  'REQUIRE',
  'COOKIE',
  'REDIS',
])
const OUR_PREFIXES: ReadonlySet<string> = new Set(
  NAMES.filter((name) => name.includes('_'))
    .map(prefix)
    .filter((start) => !SHARED_PREFIXES.has(start)),
)

const MAX_EDIT_DISTANCE = 2
/** Shorter names are too close to those of other programs: HOME is two characters from HOST. */
const MIN_LENGTH = 8

/**
 * Finds a name in the environment that looks like a setting and is not one: it begins like one, or it is one or two
 * characters away from a setting that is not set. Ignoring it would silently leave the default in force.
 *
 * @returns the name and, if one is near, the setting that was probably meant
 */
export function findUnknownSetting(environment: Environment): { name: string; meant: string | null } | null {
  for (const name of Object.keys(environment)) {
    if (KNOWN.has(name) || isSetByOrchestrator(name)) continue
    const near = NAMES.find(
      (setting) => setting.length >= MIN_LENGTH && editDistance(name, setting) <= MAX_EDIT_DISTANCE,
    )
    if (name.includes('_') && OUR_PREFIXES.has(prefix(name))) return { name, meant: near ?? null }
    if (near && !environment[near]) return { name, meant: near }
  }
  return null
}

function prefix(name: string): string {
  return name.split('_', 1)[0] ?? ''
}

/** Kubernetes sets such variables for each service of a namespace, whatever it is called. */
function isSetByOrchestrator(name: string): boolean {
  return name === 'SESSION_MANAGER' || /_SERVICE_(HOST|PORT)|_PORT(_\d+_(TCP|UDP))?(_|$)/.test(name)
}

/** The Levenshtein distance: characters that were left out, put in or replaced. */
function editDistance(one: string, other: string): number {
  if (Math.abs(one.length - other.length) > MAX_EDIT_DISTANCE) return MAX_EDIT_DISTANCE + 1
  let row = Array.from({ length: other.length + 1 }, (_, column) => column)
  for (const [index, letter] of [...one].entries()) {
    const next = [index + 1]
    for (const [column, candidate] of [...other].entries()) {
      const replaced = (row[column] ?? 0) + (letter === candidate ? 0 : 1)
      next.push(Math.min(replaced, (row[column + 1] ?? 0) + 1, (next[column] ?? 0) + 1))
    }
    row = next
  }
  return row.at(-1) ?? 0
}

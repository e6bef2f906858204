import { type SettingName, secretSettings, settingNames } from './settings.ts'

const OUR_PREFIXES = /^(JWT|REFRESH|SESSION|PAIR|SERVICE|DEMO|PASSWORD|BCRYPT|SMTP|MAIL|TRUSTED|CORS|RATE)_/
const KNOWN: ReadonlySet<string> = new Set([...settingNames, ...[...secretSettings].map((name) => `${name}_FILE`)])
const MAX_EDIT_DISTANCE = 2
/** Shorter names are too close to those of others: HOME is two letters from HOST. */
const MIN_LENGTH = 8

/**
 * A name in the environment that must be meant for us and is none of ours: it begins like one, or it is one or two editDistance
 * from a setting that is not set. Its default would else be in force in silence.
 *
 * @returns the name and, if one is near, the setting that was probably meant
 */
export function findUnknownSetting(
  environment: Record<string, string | undefined>,
): { name: string; meant: SettingName | null } | null {
  for (const name of Object.keys(environment)) {
    if (KNOWN.has(name) || isSetByOrchestrator(name)) continue
    const near = settingNames.find(
      (setting) => setting.length >= MIN_LENGTH && editDistance(name, setting) <= MAX_EDIT_DISTANCE,
    )
    if (OUR_PREFIXES.test(name)) return { name, meant: near ?? null }
    if (near && !environment[near]) return { name, meant: near }
  }
  return null
}

/** Kubernetes sets such variables for each service of a namespace, whatever it is called. */
function isSetByOrchestrator(name: string): boolean {
  return name === 'SESSION_MANAGER' || /_SERVICE_(HOST|PORT)|_PORT(_\d+_(TCP|UDP))?(_|$)/.test(name)
}

/** Levenshtein's distance: letters that were left out, put in or mistaken. */
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

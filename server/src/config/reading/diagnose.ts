import { SETTINGS, type SettingKey, type SettingValues } from '../settings/settings.ts'
import { ConfigError } from '../source/config-error.ts'
import { type Config, combineValues, readSetting, refuseUnknownNames } from './config.ts'
import { CONTRADICTIONS, findContradictions } from './contradictions.ts'
import type { Environment } from './environment.ts'
import { findOpenFiles } from './file-permissions.ts'
import { findWeakSecrets, generate } from './secret-strength.ts'
import { findUnwiseSettings, UNWISE_SETTINGS } from './warnings.ts'

/** A setting that a server would refuse, or that is unwise. */
export interface SettingProblem {
  id: string
  verdict: 'error' | 'warning'
  /** Says the problem, and then what to do. */
  sentence: string
}

export interface Diagnosis {
  /** The settings as far as they can be read; the default stands for each of the others. */
  config: Config
  problems: readonly SettingProblem[]
}

/** The ids of all problems that {@link diagnose} can find. */
export const SETTING_PROBLEMS: readonly string[] = [
  ...['unknown', 'unreadable', 'weak-secret', 'secret-used-twice', 'secret-missing', 'open-file'],
  ...CONTRADICTIONS,
  ...Object.keys(UNWISE_SETTINGS),
].map((name) => `settings.${name}`)

/** Reads all settings and names every problem, where a start would name the first. */
export function diagnose(environment: Environment): Diagnosis {
  const problems: SettingProblem[] = []
  const add = (name: string, verdict: SettingProblem['verdict'], sentence: string) =>
    problems.push({ id: `settings.${name}`, verdict, sentence })
  const unknown = messageOf(() => refuseUnknownNames(environment))
  if (unknown !== null) add('unknown', 'error', unknown)
  const { values, unreadable } = readWhatCanBeRead(environment)
  for (const { sentence } of unreadable) add('unreadable', 'error', sentence)
  // A setting that cannot be read has its default here: what follows from that is no finding.
  const isKnown = (sentence: string) => !unreadable.some(({ name }) => sentence.includes(name))
  const production = values.nodeEnv === 'production'
  if (production && values.jwtSecretKey === null)
    add('secret-missing', 'error', `JWT_SECRET_KEY must be set in production; ${generate(64)}`)
  for (const { name, weakness, isUsedTwice, minBytes } of findWeakSecrets(values))
    add(
      isUsedTwice ? 'secret-used-twice' : 'weak-secret',
      production ? 'error' : 'warning',
      `${name} ${weakness}; ${generate(minBytes)}`,
    )
  for (const { name, sentence } of findContradictions(values, true)) add(name, 'error', sentence)
  for (const { name, sentence } of unwise(values)) add(name, 'warning', sentence)
  for (const sentence of findOpenFiles(environment, values)) add('open-file', 'warning', sentence)
  return {
    config: combineValues(values, findUnwiseSettings(values)),
    problems: problems.filter(({ id, sentence }) => id === 'settings.unreadable' || isKnown(sentence)),
  }
}

function unwise(values: SettingValues): { name: string; sentence: string }[] {
  if (values.nodeEnv !== 'production') return []
  return Object.entries(UNWISE_SETTINGS).flatMap(([name, check]) => {
    const sentence = check(values)
    return sentence === null ? [] : [{ name, sentence }]
  })
}

function readWhatCanBeRead(environment: Environment) {
  const unreadable: { name: string; sentence: string }[] = []
  const read = (key: SettingKey, production: boolean): unknown => {
    const setting = SETTINGS[key]
    let value: unknown
    const sentence = messageOf(() => {
      value = readSetting<unknown>(environment, setting, production)
    })
    if (sentence === null) return value
    unreadable.push({ name: setting.name, sentence })
    return readSetting<unknown>({}, setting, production)
  }
  const production = read('nodeEnv', false) === 'production'
  unreadable.length = 0 // it is read again below
  const keys = Object.keys(SETTINGS) as SettingKey[]
  const entries = keys.map((key) => [key, read(key, production)])
  return { values: Object.fromEntries(entries) as SettingValues, unreadable }
}

function messageOf(run: () => void): string | null {
  try {
    run()
    return null
  } catch (error) {
    if (error instanceof ConfigError) return error.message
    throw error
  }
}

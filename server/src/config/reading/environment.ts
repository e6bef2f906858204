import { readFileSync } from 'node:fs'
import { decodeUtf8 } from '../../text/utf8.ts'
import type { Setting } from '../settings/setting.ts'
import { ConfigError } from '../source/config-error.ts'
import { parseEnvFile } from '../source/env-file.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Read from the working directory if no other file is named. It may be absent. */
export const DEFAULT_ENV_FILE = '.env'

/**
 * Returns the environment, which overrides a file of settings, unless a variable is empty. Nothing else reads `process.env`.
 *
 * @param fileName a file that must exist; null for `.env` in the working directory, if there is one
 */
export function readEnvironment(fileName: string | null): Environment {
  const name = fileName ?? DEFAULT_ENV_FILE
  let file: Buffer
  try {
    file = readFileSync(name)
  } catch (error) {
    const isMissing = (error as NodeJS.ErrnoException).code === 'ENOENT'
    if (isMissing && fileName === null) return { ...process.env }
    const reason = isMissing ? 'there is no such file' : (error as Error).message
    throw new ConfigError(`The file ${name} cannot be read: ${reason}.`)
  }
  const set = Object.entries(process.env).filter(([, value]) => value !== '')
  return { ...parseEnvFile(file, name), ...Object.fromEntries(set) }
}

/** Returns the environment alone, for a command that reads no file. */
export function processEnvironment(): Environment {
  return { ...process.env }
}

/**
 * Returns the text of a setting, from its variable or, for a secret, from the file that `NAME_FILE` names. An empty value
 * counts as not set, because `${NAME:-}` in a compose file results in one.
 */
export function readText(environment: Environment, { name, secret }: Setting<unknown>): string | null {
  const value = environment[name] || null
  const fileName = secret ? environment[`${name}_FILE`] : undefined
  if (!fileName) return value
  if (value !== null) throw new ConfigError(`${name} and ${name}_FILE are both set; keep one of them.`)
  return readSecretFile(name, fileName)
}

/** Reads a file without its last line end. Bytes that are not UTF-8 would not be the bytes that verifiers of tokens have. */
function readSecretFile(name: string, fileName: string): string {
  let bytes: Buffer
  try {
    bytes = readFileSync(fileName)
  } catch (error) {
    throw new ConfigError(`${name}_FILE cannot be read: ${(error as Error).message}.`)
  }
  const text = decodeUtf8(bytes)
  if (text === null || text.startsWith('\uFEFF') || text.includes('\0'))
    throw new ConfigError(`${name}_FILE must be a file of plain UTF-8 text without a byte order mark.`)
  const secret = text.replace(/\r?\n$/, '')
  if (secret === '') throw new ConfigError(`${name}_FILE names an empty file; write the secret into it.`)
  return secret
}

import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import { ConfigError } from './config-error.ts'
import type { Setting } from './setting.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** The environment, over a `.env` file in the working directory if there is one. The only reader of `process.env`. */
export function readEnvironment(): Environment {
  let file: string
  try {
    file = readFileSync('.env', 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return { ...process.env }
    throw new ConfigError(`The file .env cannot be read: ${(error as Error).message}.`)
  }
  return { ...parseEnv(file), ...process.env }
}

/**
 * The text of a setting, from its variable or, for a secret, from the file that `NAME_FILE` names. An empty value counts as
 * not set: that is what `${NAME:-}` in a compose file leaves behind.
 */
export function readText(environment: Environment, { name, secret }: Setting<unknown>): string | null {
  const value = environment[name] || null
  const fileName = secret ? environment[`${name}_FILE`] : undefined
  if (!fileName) return value
  if (value !== null) throw new ConfigError(`${name} and ${name}_FILE are both set; keep one of them.`)
  try {
    return readFileSync(fileName, 'utf8').replace(/\r?\n$/, '') || null
  } catch (error) {
    throw new ConfigError(`${name}_FILE cannot be read: ${(error as Error).message}.`)
  }
}

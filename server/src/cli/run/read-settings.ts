import { existsSync } from 'node:fs'
import { type Config, readConfig } from '../../config/reading/config.ts'
import { DEFAULT_ENV_FILE, readEnvironment } from '../../config/reading/environment.ts'
import { ConfigError, MissingSetting } from '../../config/source/config-error.ts'
import { chosenEnvFile } from './env-file.ts'

/**
 * Reads the settings of a command from the environment and the file of `--env-file`, else `.env`.
 *
 * @param options.serves whether a server will run with them
 * @throws {ConfigError} that also says where a missing setting was looked for
 */
export function readSettings(options: { serves: boolean }): Config {
  try {
    return readConfig(readEnvironment(chosenEnvFile()), options)
  } catch (error) {
    if (!(error instanceof MissingSetting)) throw error
    throw new ConfigError(`${error.message} ${whereSettingsCameFrom()}`)
  }
}

/** Returns a sentence for an operator who misses a setting. */
export function whereSettingsCameFrom(): string {
  const file = chosenEnvFile() ?? (existsSync(DEFAULT_ENV_FILE) ? DEFAULT_ENV_FILE : null)
  if (file !== null) return `Settings were read from the environment and from ${file}.`
  return 'There is no .env in this folder: run the command where it is, or pass --env-file FILE.'
}

import { statSync } from 'node:fs'
import { SETTINGS, type SettingValues } from '../settings/settings.ts'
import type { Environment } from './environment.ts'

const OTHERS_READ = 0o004
/** Orchestrators mount secrets here, readable for all in a container that has no other users. */
const MOUNTED_SECRETS = /^(\/var)?\/run\/secrets\//

/** Returns a sentence for each file with secrets or user data that every user of a production machine can read. */
export function findOpenFiles(environment: Environment, values: SettingValues): string[] {
  if (values.nodeEnv !== 'production' || process.platform === 'win32') return []
  return [...filesOf(environment, values)]
    .filter((file) => !MOUNTED_SECRETS.test(file) && isReadableForOthers(file))
    .map((file) => `Every user of this machine can read ${file}; run: chmod o-rwx ${file}`)
}

function filesOf(environment: Environment, { database, tlsKeyFile, signingKeyFiles }: SettingValues): Set<string> {
  const secretFiles = Object.values(SETTINGS).flatMap(
    ({ name, secret }) => (secret && environment[`${name}_FILE`]) || [],
  )
  const databaseFiles = database.kind === 'sqlite' ? [database.file] : []
  const keyFiles = [...signingKeyFiles, ...(tlsKeyFile === null ? [] : [tlsKeyFile])]
  return new Set(['.env', ...secretFiles, ...databaseFiles, ...keyFiles])
}

function isReadableForOthers(file: string): boolean {
  const found = statSync(file, { throwIfNoEntry: false })
  return found !== undefined && (found.mode & OTHERS_READ) !== 0
}

import { readFileSync } from 'node:fs'
import { pino } from 'pino'
import { type Environment, processEnvironment } from '../config/reading/environment.ts'
import { SETTINGS } from '../config/settings/settings.ts'
import { startTestServer } from '../test-mode/server/start-test-server.ts'
import { chosenEnvFile } from './run/env-file.ts'
import { STOP_SIGNALS } from './signals.ts'
import { CommandError } from './terminal/command-error.ts'
import { print } from './terminal/output.ts'

interface Options {
  port: number
  host: string
  seed?: string
  set: Record<string, string>
}

const SECRETS_OF_SERVERS = ['JWT_SECRET_KEY', 'REFRESH_SECRET_KEY'].flatMap((name) => [name, `${name}_FILE`])

/**
 * `tessera test`: serves the tests of an application until a signal stops it. It prints one line of JSON once it listens, and
 * everything else on standard error.
 */
export async function testCommand({ port, host, seed, set }: Options): Promise<void> {
  if (chosenEnvFile() !== null)
    throw new CommandError('tessera test reads no settings of a server; leave out --env-file.')
  const environment = processEnvironment()
  refuseServers(environment)
  const ignored = namesOfSettings(environment)
  if (ignored.length > 0)
    process.stderr.write(`tessera: Test mode ignores ${ignored.join(', ')}; --set changes rules.\n`)
  const users = seed === undefined ? [] : readSeed(seed)
  const log = pino({ level: 'warn', base: null }, { write: (line: string) => process.stderr.write(line) })
  const server = await startTestServer({ host, port, users, settings: set, log })
  for (const signal of STOP_SIGNALS) process.once(signal, () => void server.stop().then(() => process.exit(0)))
  print(JSON.stringify({ url: server.url, admin_key: server.adminKey }))
}

/**
 * Refuses to run where a server could be meant: its clock, its users and its tokens belong to the holder of the admin key.
 *
 * @throws {CommandError} that names the reason
 */
export function refuseServers(environment: Environment): void {
  if (environment['NODE_ENV'] === 'production')
    throw new CommandError('tessera test is not for production; run it with NODE_ENV=development.')
  const secret = SECRETS_OF_SERVERS.find((name) => environment[name])
  if (secret !== undefined)
    throw new CommandError(`tessera test does not run beside the secrets of a server; unset ${secret}.`)
}

/** The names of the settings in the environment, none of which count. */
function namesOfSettings(environment: Environment): string[] {
  const names = Object.values(SETTINGS).flatMap(({ name }) => [name, `${name}_FILE`])
  return names.filter((name) => environment[name] && name !== 'NODE_ENV')
}

/** @throws {CommandError} for a file that is not JSON */
export function readSeed(file: string): unknown {
  let text: string
  try {
    text = readFileSync(file, 'utf8')
  } catch (error) {
    throw new CommandError(`The file ${file} cannot be read: ${(error as Error).message}.`)
  }
  try {
    return JSON.parse(text)
  } catch {
    throw new CommandError(`The file ${file} is not JSON; it must be a list of users.`)
  }
}

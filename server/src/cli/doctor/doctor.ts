import { chosenEnvFile } from '../run/env-file.ts'
import { type Check, type Result, runChecks } from './check.ts'
import { CHECKS } from './checks.ts'
import { printResults, printResultsAsJson, withoutSecrets } from './report.ts'
import { readSurroundings, withSubject } from './subject.ts'
import { throughChecks } from './through.ts'

export interface DoctorOptions {
  json?: boolean
  strict?: boolean
  /** The address at which clients reach a running server. */
  through?: URL
}

const PLAIN_HTTP_PORT = 80

/** A connection that is still being tried keeps the process no longer than this. */
const MAX_LEAVE_MILLISECONDS = 200

/** `tessera doctor`: examines the settings, the database and this machine, and changes nothing. */
export async function doctorCommand({ json, strict, through }: DoctorOptions): Promise<void> {
  const { environment, unreadable } = readSurroundings(chosenEnvFile())
  const ofFile: Check = { id: 'settings.file', link: 'configuration.md', run: () => unreadable }
  const outside = through ? throughChecks({ url: through, plainPort: PLAIN_HTTP_PORT }) : []
  const results = await withSubject(environment, async (subject) =>
    withoutSecrets(await runChecks([ofFile, ...CHECKS, ...outside], subject), subject.config),
  )
  if (json) printResultsAsJson(results)
  else printResults(results)
  process.exitCode = exitCode(results, strict === true)
  setTimeout(() => process.exit(), MAX_LEAVE_MILLISECONDS).unref()
}

function exitCode(results: readonly Result[], isStrict: boolean): number {
  const isBad = ({ verdict }: Result) => verdict === 'error' || (isStrict && verdict === 'warning')
  return results.some(isBad) ? 1 : 0
}

import { readFileSync } from 'node:fs'

/** In a run, no server has a reason to log an error: outages and retries are warnings. */
const ERROR_OR_FATAL = /"level":(?:50|60)\b/

/** Returns the lines of the servers' logs that report a bug. */
export function bugsIn(logs: readonly string[]): string[] {
  const lines = logs.flatMap((log) => readFileSync(log, 'utf8').split('\n'))
  return lines.filter((line) => ERROR_OR_FATAL.test(line))
}
